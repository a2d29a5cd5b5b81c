import { subcommand } from "../arguments";

export const summary = "backups and the WAL archive: list, now, info, verify, expire";

export const usage = `npx pgha backup <what> [options]

  list               backups, the window in which any time can be restored, and what in it cannot
  now                makes one at once, beside the schedule
    --type <type>    full, differential, incremental (incremental: what changed since the last one)
  info               pgBackRest's own account of the repository
  verify             reads all of the repository and holds it against its checksums
  expire             deletes what is past the days that are kept, as each backup does by itself
    --dry-run        says what it would delete

  --stack <name>     which deployment (the selected stack, or dev)
  --json             for programs

Exit codes: 0 done, 1 error, 2 wrong usage, 3 the repository has faults.
`;

const actions: Record<string, () => { run(args: string[]): Promise<number> }> = {
  list: () => require("../backup/commands/list"),
  now: () => require("../backup/commands/now"),
  info: () => require("../backup/commands/info"),
  verify: () => require("../backup/commands/verify"),
  expire: () => require("../backup/commands/expire"),
};

export async function run([what = "", ...args]: string[]): Promise<number> {
  return subcommand(actions, what, what ? `backup knows no "${what}"` : "backup wants to know what", "npx pgha backup --help").run(args);
}
