import { subcommand } from "../arguments";

export const summary = "app_logs: search, ingest, and archives of what is past its hot days";

export const usage = `npx pgha logs <what> [options]

  search             the latest rows of a time range
    --app <name>  --level <level>  --text <words>  --metadata <json>   that have all of these
    --from <time>  --to <time>     2026-11-21T14:00+01:00 (UTC without an offset), or how long ago: 15m, 2h, 30d (from 1h, to now)
    --limit <n>                    at most so many (100)
    --explain                      the plan as it ran, and which partitions it read
  ingest [file]      writes newline-delimited JSON or CSV, from a file or what is piped in: each row once, however often it is interrupted
    --source <name>                of its own for each input; begun again, a file goes on after its last committed row
    --format ndjson|csv            (by the file's name, else ndjson)
    --app <name>  --level <level>  of rows that name none
    --replay                       what is piped in begins once more with what was piped in last time
    --anew                         this is other input than the last one of this source
    --skip-bad                     passes over rows that are none, or that are refused, and says for each of them where it is and why
    --whole                        the file is not written to any more: its last row needs no line end
    --batch <rows>  --insert       rows of one transaction (5000); by INSERT instead of COPY
  archive            writes each partition that is past its hot days to the archive, reads it back, then detaches and drops it
    --hot-days <n>                 (as configured)
    --dry-run                      says what it would take
  list               archives, and what waits to be archived
  restore <archive>  loads one into a table of its own; also by partition, or a day in it: 2026-03 or 2026-03-14
    --into <table>                 (app.<partition>_restored)
  purge              deletes archives that are older than they have to be kept
    --keep-days <n>                (as configured)
    --dry-run                      says what it would delete
  schedule           prints what runs archive and purge every night: a systemd timer, or with --cron a line for crontab

  --to <place>       of archive, list, restore, purge: the archive (as configured); a directory, or s3://bucket/prefix
  --stack <name>     which deployment (the selected stack, or dev)
  --json             for programs

Archives are CSV in gzip, each with a manifest of its rows, range and SHA-256. A command that is killed leaves nothing half done: run it again.

Exit codes: 0 done, 1 error, 2 wrong usage.
`;

/** Loaded one by one: the client of S3 takes its time. */
const actions: Record<string, () => { run(args: string[]): Promise<number> }> = {
  search: () => require("../logs/commands/search"),
  ingest: () => require("../logs/commands/ingest"),
  archive: () => require("../logs/commands/archive"),
  list: () => require("../logs/commands/list"),
  restore: () => require("../logs/commands/restore"),
  purge: () => require("../logs/commands/purge"),
  schedule: () => require("../logs/commands/schedule"),
};

export async function run([what = "", ...args]: string[]): Promise<number> {
  return subcommand(actions, what, what ? `logs knows no "${what}"` : "logs wants to know what", "npx pgha logs --help").run(args);
}
