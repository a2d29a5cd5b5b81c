import * as path from "node:path";
import { npmRun, parseOptions } from "../arguments";
import { ensureEngine, ensureImage, runPulumi } from "../engine";
import { checkFolderName, clusterName, selectedStack } from "../engine/configuration";
import { connectDocker } from "../engine/docker";
import { Absence, describeAbsence, findAbsence, missingData } from "../engine/itsEngine";
import { otherPlugins } from "../engine/itsPlugins";
import { repository } from "../engine/layout";
import { beginAnew } from "../engine/remove";
import { installed, recordRenewal } from "../engine/renewal";
import { repairStack } from "../engine/repair";
import { demand, demandDocker, ensureStack, releaseStaleLock } from "../engine/stack";
import { checkName, deploymentOf, exportState } from "../engine/state";
import { UserError } from "../errors";
import { createLog } from "../log";
import { confirmed } from "../prompt";

export const usage = `npm run up [-- options]

Brings the cluster up, from nothing or from whatever is there, and shows how to connect.

  --stack <name>   configuration to deploy: Pulumi.<name>.yaml (dev)
  --json           prints the outputs as JSON, secrets masked, instead of the summary
  --empty          begins with an empty cluster where the data is lost; without it a person is asked
  --renew          builds the images anew with all updates of their packages, and rolls them out
  --yes            accepted for scripts
  --no-install     installs and starts no system software (as root: Docker, mmdebstrap); also PGHA_NO_INSTALL=1
`;

const options = {
  stack: { type: "string", default: "dev" },
  json: { type: "boolean", default: false },
  empty: { type: "boolean", default: false },
  renew: { type: "boolean", default: false },
  yes: { type: "boolean", default: false },
  "no-install": { type: "boolean", default: false },
} as const;

export async function run(args: string[]): Promise<number> {
  const { stack, json, empty, renew, "no-install": spare } = parseOptions("up", args, options);
  checkFolderName(stack, "stack");
  demandDocker(process.env.PGHA_ROOT ?? repository, stack, "up");
  // With --json only the outputs go to stdout.
  const log = createLog(json ? process.stderr : process.stdout);
  const engine = await ensureEngine({ log, stack, install: !spare, image: false });
  const replaced: string[] = [];
  let plugins: string | undefined;
  await log.step("Stack", async (step) => {
    const name = await ensureStack(stack, engine, step);
    const released = await releaseStaleLock(stack, engine);
    const state = await exportState(stack, engine);
    plugins = otherPlugins(state, engine.standIns);
    const cluster = clusterName(engine.root, stack);
    checkName(cluster, deploymentOf(state), npmRun("down", stack, "--data"));
    const docker = connectDocker(engine.dockerHost);
    const absence = await findAbsence(state, docker, engine.dockerHost);
    if (absence && !(empty || (await mayBeEmpty(absence, cluster)))) throw missingData(absence, cluster, stack, "up");
    const { done, replace } = await repairStack({ stack, exported: state, docker, engine, step });
    if (absence) {
      step.making("removing what is left of the lost cluster");
      await beginAnew(stack, docker, engine);
      return [name, released, ...done, "an empty cluster is begun"].filter(Boolean).join("; ");
    }
    replaced.push(...replace.flatMap((urn) => ["--replace", urn]));
    return [name, released, ...done].filter(Boolean).join("; ");
  });
  if (plugins) log.note(plugins);
  await ensureImage(stack, engine, { log, install: !spare });
  const docker = connectDocker(engine.dockerHost);
  const before = renew ? await installed(clusterName(engine.root, stack), docker) : {};
  if (renew) engine.env.PGHA_RENEW = new Date().toISOString();
  log.note(`pulumi up --stack ${stack}`);
  const started = Date.now();
  const code = await runPulumi(["up", "--stack", stack, "--yes", "--skip-preview", "--suppress-outputs", ...replaced], engine, {
    onStderr: json,
  });
  if (code === 130) {
    process.stderr.write(
      `\nInterrupted. What was begun is finished or noted; ${npmRun("up", stack)} goes on from here, ${npmRun("down", stack)} takes it away.\n`,
    );
    return code;
  }
  if (code !== 0) {
    throw new UserError(
      `pulumi up ended with code ${code} after ${Math.round((Date.now() - started) / 1000)} s`,
      `mend what it names above, then: ${npmRun("up", stack)}   (it goes on where it stopped)`,
    );
  }
  if (renew) log.note(await recordRenewal(before, { stack, cluster: clusterName(engine.root, stack), docker, engine }));
  const outputs = JSON.parse(
    await demand(["stack", "output", "--json", "--show-secrets", "--stack", stack], engine),
  ) as Outputs;
  const selected = selectedStack(engine.layout, engine.env);
  process.stdout.write(
    json ? `${JSON.stringify(maskAll(outputs), null, 2)}\n` : summary(outputs, { stack, selected, root: engine.root }),
  );
  return 0;
}

/** Asks the person at the terminal, where there is one. */
async function mayBeEmpty(absence: Absence, cluster: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  process.stderr.write(`\n${describeAbsence(absence, cluster)}.\nAn empty cluster can be begun, under the same passwords and certificates.\n`);
  return (await confirmed(cluster)) === true;
}

type Outputs = Record<string, unknown>;

/** Hides the password of a URL. */
export function maskPassword(text: string): string {
  return text.replaceAll(/(\w:\/\/[^:/@\s]*:)[^@\s]*@/g, "$1****@");
}

/** Hides what must not be on a screen: passwords of URLs, and whole values whose name says secret. */
export function maskAll(outputs: Outputs): Outputs {
  const mask = (key: string, value: unknown): unknown => {
    if (/password|secret|key$/i.test(key) && value !== null && value !== undefined) return "****";
    if (typeof value === "string") return maskPassword(value);
    if (Array.isArray(value)) return value.map((item) => mask(key, item));
    return typeof value === "object" && value !== null ? maskAll(value as Outputs) : value;
  };
  return Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key, mask(key, value)]));
}

const endpoints: [output: string, meaning: string][] = [
  ["writeUrl", "write, pooled"],
  ["readUrl", "read, pooled"],
  ["haproxyWriteUrl", "write, direct"],
  ["haproxyReadUrl", "read, direct"],
  ["migrateUrl", "change the schema"],
  ["statsUrls", "statistics"],
  ["patroniUrls", "Patroni"],
  ["caFile", "CA certificate"],
];

interface Deployed {
  stack: string;
  /** What pulumi and pgha take when no stack is named. */
  selected: string | undefined;
  root: string;
}

/** What a person needs after `up`: how to connect, and what to type next. */
export function summary(outputs: Outputs, { stack, selected, root }: Deployed): string {
  const masked = maskAll(outputs);
  const lines = endpoints
    .filter(([name]) => masked[name] !== undefined)
    .map(
      ([name, meaning]) =>
        `  ${meaning.padEnd(17)} ${[masked[name]].flat().join(", ").replace(`${root}${path.sep}`, "")}`,
    );
  const last = (name: string | undefined) => name?.split("/").pop();
  const other = last(stack) === last(selected) ? "" : ` --stack ${stack}`;
  const show = `npm run -s pulumi -- stack output writeUrl --show-secrets${other}`;
  const next = [
    ["with the password", `psql "$(${show})"`],
    ["see its members", `npx pgha status${other}`],
    ["take it down", `${npmRun("down", stack)}   (keeps the data)`],
  ];
  return [
    "",
    ...(lines.length > 0 ? ["Connect", ...lines, ""] : []),
    "Next",
    ...next.map(([meaning, command]) => `  ${meaning.padEnd(18)} ${command}`),
    "",
  ].join("\n");
}
