import { setTimeout as sleep } from "node:timers/promises";
import { connectDocker, dockerHost } from "../../tools/engine/docker";
import { commonOptions, parseOptions, UsageError } from "../arguments";
import { backupServerOf } from "../backup/server";
import { utc } from "../backup/state";
import { formatBytes, formatSeconds } from "../format";
import { parseTarget, planRestore } from "../restore/target";
import { progressOf, Throwaway } from "../restore/throwaway";
import { print, say } from "../terminal";

export const summary = "restores to a time, LSN or named point, into a throwaway server beside the cluster";

export const usage = `npx pgha restore --to <point> [options]

  --to latest                        as far as the archive goes
  --to 2026-03-14T15:09:26Z          a time, with its zone
  --to 0/5000110                     an LSN
  --to before-release                a point named by SELECT pg_create_restore_point('before-release')
  --dry-run                          says from which backup, and whether the point can be reached
  --drop                             removes the throwaway server and its data

The server has a container, a volume and a network of its own, one for each cluster. Roles and passwords are those of that time. It takes
writes, archives nothing, reads the repository without being able to write there, and runs no jobs and no subscriptions.

  --stack <name>     which deployment (the selected stack, or dev)
  --json             for programs

Exit codes: 0 done, 1 error, 2 wrong usage.
`;

const options = { ...commonOptions, to: { type: "string" }, "dry-run": { type: "boolean", default: false }, drop: { type: "boolean", default: false } } as const;

export async function run(args: string[]): Promise<number> {
  const { stack, json, to, drop, "dry-run": dry } = parseOptions("restore", args, options);
  if ((to === undefined) === !drop) throw new UsageError("restore wants --to <point>, or --drop", "npx pgha restore --help");
  const target = to === undefined ? undefined : parseTarget(to);
  const server = await backupServerOf(stack);
  const throwaway = new Throwaway(connectDocker(dockerHost(process.env)), server.stanza, server.host);
  if (!target) {
    const dropped = await throwaway.drop();
    print(json, { dropped }, () => `${dropped ? `${throwaway.name} is removed` : "there is no restored server"}\n`);
    return 0;
  }
  const { backup, options: how } = planRestore(await server.state(), target);
  const { label, timestamp, info } = backup;
  say(`from the backup ${label} of ${utc(timestamp.stop)}, ${formatBytes(info.size)}, then WAL to ${to}`);
  if (dry) {
    print(json, { backup: label, to }, () => "it can be reached\n");
    return 0;
  }
  const began = Date.now();
  await throwaway.create(how);
  await follow(throwaway);
  const [port, seconds] = [await throwaway.port(), (Date.now() - began) / 1000];
  print(json, { name: throwaway.name, host: "localhost", port, backup: label, to, seconds }, () =>
    `${throwaway.name} takes connections at localhost:${port}, with TLS and the roles and passwords of then, after ${formatSeconds(seconds)}\n`);
  return 0;
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
