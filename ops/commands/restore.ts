import { setTimeout as sleep } from "node:timers/promises";
import { connectDocker, dockerHost } from "../../tools/engine/docker";
import { UserError } from "../../tools/errors";
import { counted } from "../../tools/words";
import { commonOptions, parseOptions, UsageError } from "../arguments";
import { BackupServer, backupServerIn } from "../backup/server";
import { describeFailure } from "../failure";
import { formatBytes, formatSeconds, utc } from "../format";
import { Outputs, readStack } from "../outputs";
import { connect, hostOf, parsePostgresUrl } from "../postgresUrl";
import { bringBack, nameOf, parseTable, Way } from "../restore/table";
import { parseTarget, planRestore, Target } from "../restore/target";
import { progressOf, Throwaway } from "../restore/throwaway";
import { print, say } from "../terminal";

export const summary = "restores to a time, LSN or named point: a throwaway server, or one table of the cluster";

export const usage = `npx pgha restore --to <point> [options]

  --to latest                        as far as the archive goes
  --to 2026-03-14T15:09:26Z          a time, with its zone
  --to 0/5000110                     an LSN
  --to before-release                a point named by SELECT pg_create_restore_point('before-release')
  --dry-run                          says from which backup, and whether the point can be reached
  --drop                             removes the throwaway server and its data

  --table shop.orders                brings this table back into the running cluster, in one transaction, as its owner; without --to
                                     out of the throwaway server that is there. The one that was made for it is removed
  --into shop.orders_restored        under another name, where there is one already
  --database <name>                  the database of that table (the first one of the stack)

The server has a container, a volume and a network of its own, one for each cluster. Roles and passwords are those of that time. It takes
writes, archives nothing, reads the repository without being able to write there, and runs no jobs and no subscriptions.

  --stack <name>     which deployment (the selected stack, or dev)
  --json             for programs

Exit codes: 0 done, 1 error, 2 wrong usage.
`;

const options = { ...commonOptions, to: { type: "string" }, "dry-run": { type: "boolean", default: false }, drop: { type: "boolean", default: false },
  table: { type: "string" }, into: { type: "string" }, database: { type: "string" } } as const;

export async function run(args: string[]): Promise<number> {
  const { stack, json, to, drop, table, into, database, "dry-run": dry } = parseOptions("restore", args, options);
  if (drop === (to !== undefined || table !== undefined)) throw new UsageError("restore wants --to <point>, --table <name> or --drop", "npx pgha restore --help");
  if (dry && to === undefined) throw new UsageError("--dry-run goes with --to", "npx pgha restore --help");
  if (table === undefined && (into ?? database) !== undefined) throw new UsageError("--into and --database go with --table", "npx pgha restore --help");
  const target = to === undefined ? undefined : parseTarget(to);
  const wanted = table === undefined ? undefined : parseTable("--table", table);
  const name = into === undefined ? wanted : parseTable("--into", into);
  const { stack: deployed, outputs } = await readStack(stack);
  const server = backupServerIn(deployed, outputs);
  const docker = connectDocker(dockerHost(process.env));
  const throwaway = new Throwaway(docker, server.stanza, server.host);
  if (drop) {
    const dropped = await throwaway.drop();
    print(json, { dropped }, () => `${dropped ? `${throwaway.name} is removed` : "there is no restored server"}\n`);
    return 0;
  }
  const began = Date.now();
  const seconds = () => (Date.now() - began) / 1000;
  const backup = target && (await restore(server, throwaway, target, to!, dry));
  if (dry) {
    print(json, { backup, to }, () => `${target?.kind === "name" ? "nobody knows where a name is before it is restored; it is looked for from that backup on" : "it can be reached"}\n`);
    return 0;
  }
  if (wanted && name) {
    const way = { docker, from: throwaway.name, to: await primaryOf(outputs), ...migratorOf(outputs, database ?? outputs.cluster.database) };
    const rows = await bringBack(way, wanted, name);
    if (target) await throwaway.drop();
    print(json, { table: nameOf(name), rows, backup, to, seconds: seconds() }, () => `${nameOf(name)} has ${counted(rows, "row")} again, after ${formatSeconds(seconds())}\n`);
    return 0;
  }
  const port = await throwaway.port();
  print(json, { name: throwaway.name, host: "localhost", port, backup, to, seconds: seconds() }, () =>
    `${throwaway.name} takes connections at localhost:${port}, with TLS and the roles and passwords of then, after ${formatSeconds(seconds())}\n`);
  return 0;
}

/** Makes the throwaway server, unless that is only to be tried; the backup that it began from. */
async function restore(server: BackupServer, throwaway: Throwaway, target: Target, to: string, dry: boolean): Promise<string> {
  const { backup, options: how } = planRestore(await server.state(), target);
  say(`from the backup ${backup.label} of ${utc(backup.timestamp.stop)}, ${formatBytes(backup.info.size)}, then WAL to ${to}`);
  if (dry) return backup.label;
  await throwaway.create(how);
  await follow(throwaway);
  return backup.label;
}

/** Who loads into a database; throws a UserError where it has no role for migrations. */
function migratorOf({ roleUrls = {} }: Outputs, database: string): Pick<Way, "database" | "migrator"> {
  const login = roleUrls[`${database}_migrator`];
  if (!login) throw new UserError(`the database ${database} has no role ${database}_migrator, by whom it would be loaded`, "take what you need from the throwaway server by pg_dump");
  const { user, password } = parsePostgresUrl(login.write);
  return { database, migrator: { user, password } };
}

/** The container of the primary; throws a UserError where none takes connections. */
async function primaryOf({ superuserUrls, caCertificate }: Outputs): Promise<string> {
  const failures: string[] = [];
  for (const url of superuserUrls)
    try {
      const { client } = await connect(url, { ca: caCertificate, timeout: 15_000 });
      const host = hostOf(client);
      await client.end();
      return host;
    } catch (error) {
      failures.push(describeFailure(error));
    }
  throw new UserError(`no primary takes connections: ${failures.join("; ")}`, "npx pgha status");
}

/** Until it takes writes; says how far it is. */
async function follow(throwaway: Throwaway): Promise<void> {
  let said: string | undefined;
  while (!(await throwaway.ready())) {
    const progress = progressOf(await throwaway.log());
    if (progress && progress !== said) say(progress === "100%" ? "restored; replaying WAL" : `restored ${progress}`);
    said = progress ?? said;
    await sleep(1000);
  }
}
