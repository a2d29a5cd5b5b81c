import { subcommand } from "../arguments";
import * as expire from "../backup/commands/expire";
import * as info from "../backup/commands/info";
import * as list from "../backup/commands/list";
import * as now from "../backup/commands/now";
import * as verify from "../backup/commands/verify";

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

const actions: Record<string, () => { run(args: string[]): Promise<number> }> = { list: () => list, now: () => now, info: () => info, verify: () => verify, expire: () => expire };

export async function run([what = "", ...args]: string[]): Promise<number> {
  return subcommand(actions, what, what ? `backup knows no "${what}"` : "backup wants to know what", "npx pgha backup --help").run(args);
}
