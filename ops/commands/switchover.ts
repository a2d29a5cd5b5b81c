import { COPY_SECONDS } from "../../infra/live/patroni/slots";
import { awaitSwitchover, NoCopy, Refused, switchover, Switched } from "../../infra/live/patroni/switchover";
import { Busy, MAX_PAUSE_SECONDS, PAUSE_SECONDS } from "../../infra/live/pooler/underPause";
import { UserError } from "../../tools/errors";
import { commonOptions, parseOptions, parseSeconds } from "../arguments";
import { controlOf } from "../control";
import { formatSeconds } from "../format";
import { readStack } from "../outputs";
import { confirmed } from "../prompt";
import { print, say } from "../terminal";

export const summary = "makes another member the primary, without an error for those who write";

export const usage = `npx pgha switchover [--to <member>] [options]

Holds the writers back at the poolers, makes a fit standby the primary, and lets them go on. They wait; nothing fails.
The poolers are resumed whatever happens: also when it fails, takes too long, or this command is killed.

  --to <member>      the new primary (the fittest standby)
  --yes              without asking
  --timeout <s>      the longest that the poolers may be paused (${PAUSE_SECONDS}, at most ${MAX_PAUSE_SECONDS}); a third of it for open transactions to end
  --force            cuts off transactions that are still open then, and gives logical slots up that no standby has a ready
                     copy of; without it a copy is waited for, ${COPY_SECONDS} s, then they are named, and nothing is changed
  --stack <name>     which deployment (the selected stack, or dev)
  --json             for programs

Ctrl-C calls it off as long as Patroni has not been asked; after that it is brought to its end, and a second Ctrl-C
ends the command at once.

Exit codes: 0 done, 1 error, 2 wrong usage, 3 refused or called off: nothing was changed.
`;

const options = {
  ...commonOptions,
  to: { type: "string" },
  yes: { type: "boolean", default: false },
  force: { type: "boolean", default: false },
  timeout: { type: "string", default: String(PAUSE_SECONDS) },
} as const;

export async function run(args: string[]): Promise<number> {
  const { stack, json, to, yes, force, timeout } = parseOptions("switchover", args, options);
  const seconds = parseSeconds("switchover", "--timeout", timeout, MAX_PAUSE_SECONDS);
  const control = controlOf((await readStack(stack)).outputs);
  try {
    const plan = await awaitSwitchover(control, { to, force, progress: say }, 0);
    say(`${plan.from.name} → ${plan.to.name}`);
    if (!yes && !(await confirmed(`Type ${plan.to.name} to go on: `, plan.to.name)))
      throw new Refused("not confirmed: type the name of the new primary, or give --yes");
    const done = await switchover(control, plan, { seconds, force, signal: firstSignal(), progress: say });
    print(json, done, () => describe(done));
    return 0;
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Busy)) throw explain(error as Error);
    say(`refused: ${error.message}${error instanceof Busy ? " (--timeout, --force)" : error instanceof NoCopy ? ". --force gives it up" : ""}`);
    return 3;
  }
}

function describe({ from, to, pausedMilliseconds, switchMilliseconds }: Switched): string {
  const paused = formatSeconds(pausedMilliseconds / 1000);
  return `${to} is the primary, ${from} follows it; writers waited ${paused} (${formatSeconds(switchMilliseconds / 1000)} of it for Patroni and the proxies)\n`;
}

/** Aborts at the first SIGINT or SIGTERM; the next one ends the process as usual, and the guard resumes the poolers. */
function firstSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => controller.abort(new Error(`interrupted by ${signal}`)));
  return controller.signal;
}

function explain(error: Error): UserError {
  return new UserError(`the switchover did not succeed; the poolers are resumed: ${error.message}`, "npx pgha status");
}
