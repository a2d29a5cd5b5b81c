import { setMaintenance } from "../../infra/live/patroni/maintenance";
import { commonOptions, parseOptions } from "../arguments";
import { controlOf } from "../control";
import { readStack } from "../outputs";
import { print } from "../terminal";

export const summary = "maintenance mode: Patroni leaves the servers alone, also when the primary is lost";

export const usage = `npx pgha pause [options]

For work on a server by hand. Clients notice nothing; there is no failover until npx pgha resume, and npx pgha status says so.
Not for npm run up: servers that are replaced meanwhile do not start.

  --stack <name>     which deployment (the selected stack, or dev)
  --json             for programs

Exit codes: 0 done, 1 error, 2 wrong usage.
`;

export const run = (args: string[]): Promise<number> => maintain("pause", args, true);

/** Turns it on or off, as the command of that name. */
export async function maintain(command: string, args: string[], on: boolean): Promise<number> {
  const { stack, json } = parseOptions(command, args, commonOptions);
  const changed = await setMaintenance(controlOf((await readStack(stack)).outputs), on);
  const state = on ? "maintenance mode: no failover until npx pgha resume" : "Patroni looks after the servers again";
  print(json, { paused: on, changed }, () => `${changed ? "" : "as before: "}${state}\n`);
  return 0;
}
