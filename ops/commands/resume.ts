import { maintain } from "./pause";

export const summary = "ends the maintenance mode";

export const usage = `npx pgha resume [options]

Patroni looks after the servers again, as before npx pgha pause.

  --stack <name>     which deployment (the selected stack, or dev)
  --json             for programs

Exit codes: 0 done, 1 error, 2 wrong usage.
`;

export const run = (args: string[]): Promise<number> => maintain("resume", args, false);
