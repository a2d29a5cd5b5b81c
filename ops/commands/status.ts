import { setTimeout as sleep } from "node:timers/promises";
import { commonOptions, parseOptions, parseSeconds, withOptionalNumber } from "../arguments";
import { budgetOf, readStack } from "../outputs";
import { collectStatus } from "../status/collect";
import { StatusReport } from "../status/report";
import { viewStatus } from "../status/view";
import { screenOf } from "../terminal";

export const summary = "members, poolers, proxies and endpoints, and whether all is well";

export const usage = `npx pgha status [options]

Asks every part of the cluster at once, each for at most 2 s, and says first whether all is well.

  --stack <name>     which deployment (the selected stack, or dev)
  --json             for programs; its shape is StatusReport in ops/status/report.ts
  --budget           also how long writes stop in each kind of failure, typically and at worst
  --watch [seconds]  again every so often (2), until Ctrl-C; with --json one line each

Exit codes: 0 healthy, 1 error or no Patroni answers, 2 wrong usage, 3 reachable but degraded or without a primary.
`;

const options = { ...commonOptions, watch: { type: "string" }, budget: { type: "boolean", default: false } } as const;

export async function run(args: string[]): Promise<number> {
  const { stack, json, watch, budget } = parseOptions("status", withOptionalNumber(args, "--watch", 2), options);
  const interval = watch === undefined ? undefined : parseSeconds("status", "--watch", watch);
  const { stack: name, outputs } = await readStack(stack);
  const expected = budget ? { budget: budgetOf(outputs, name) } : {};
  const look = async () => {
    const report = { ...(await collectStatus(outputs, name)), ...expected };
    show(report, { json, repeated: interval !== undefined });
    return codeOf(report);
  };
  return interval === undefined ? look() : repeat(look, interval);
}

/** Until Ctrl-C; returns the code of the last look. */
async function repeat(look: () => Promise<number>, seconds: number): Promise<number> {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort()).once("SIGTERM", () => interrupted.abort());
  for (;;) {
    const code = await look();
    await sleep(seconds * 1000, undefined, { signal: interrupted.signal }).catch(() => undefined);
    if (interrupted.signal.aborted) return code;
  }
}

function show(report: StatusReport, { json, repeated }: { json: boolean; repeated: boolean }): void {
  const { stdout } = process;
  if (json) return void stdout.write(`${JSON.stringify(report, null, repeated ? undefined : 2)}\n`);
  const text = viewStatus(report, screenOf(stdout));
  // Written over the last one, so that nothing flickers.
  if (repeated && stdout.isTTY) stdout.write(`\x1b[H${text.replaceAll("\n", "\x1b[K\n")}\x1b[J`);
  else stdout.write(repeated ? `${text}\n` : text);
}

export function codeOf({ verdict }: Pick<StatusReport, "verdict">): number {
  return { healthy: 0, degraded: 3, "no primary": 3, unreachable: 1 }[verdict.level];
}
