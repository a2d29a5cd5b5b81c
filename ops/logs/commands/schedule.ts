import * as path from "node:path";
import { commonOptions, parseOptions } from "../../arguments";
import { findEngine } from "../../engine";

const options = { ...commonOptions, cron: { type: "boolean", default: false } } as const;

/** Prints, and changes nothing: who may install a timer, and as whom it runs, is the machine's own affair. */
export async function run(args: string[]): Promise<number> {
  const { stack, cron } = parseOptions("logs", args, options);
  const { root, env, stack: selected } = findEngine();
  const job: Job = {
    root,
    stack: stack ?? selected,
    program: [process.execPath, path.join(root, "ops/pgha.js")],
    // Where the Pulumi CLI is: timers know few folders
    folder: (env.PATH ?? "").split(path.delimiter)[0],
  };
  process.stdout.write(cron ? crontab(job) : systemd(job));
  return 0;
}

export interface Job {
  root: string;
  stack: string;
  program: string[];
  folder: string;
}

/** For sh in a crontab, where a percent sign is a new line. */
const forCron = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`.replaceAll("%", "\\%");

export function crontab({ root, stack, program, folder }: Job): string {
  const command = (what: string) => [...program, "logs", what, "--stack", stack].map(forCron).join(" ");
  return `# crontab -e
37 3 * * * cd ${forCron(root)} && export PATH=${forCron(folder)}:"$PATH" && ${command("archive")} && ${command("purge")}
`;
}

/** A specifier of systemd begins with a percent sign. */
const specifiers = (text: string) => text.replaceAll("%", "%%");
const quoted = (word: string) => `"${specifiers(word).replaceAll(/["\\]/g, "\\$&")}"`;

export function systemd({ root, stack, program, folder }: Job): string {
  // "$" is a variable in a command alone
  const command = (what: string) => [...program, "logs", what, "--stack", stack].map((word) => quoted(word).replaceAll("$", "$$$$")).join(" ");
  const searched = `${folder}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
  return `# /etc/systemd/system/pgha-logs-${stack}.service
[Unit]
Description=Archives of app_logs, stack ${stack}
After=network-online.target

[Service]
Type=oneshot
User=${process.env.USER ?? "root"}
WorkingDirectory=${specifiers(root)}
Environment=${quoted(`PATH=${searched}`)}
ExecStart=${command("archive")}
ExecStart=${command("purge")}

# /etc/systemd/system/pgha-logs-${stack}.timer
[Unit]
Description=Every night

[Timer]
OnCalendar=*-*-* 03:37:00 UTC
Persistent=true

[Install]
WantedBy=timers.target

# systemctl enable --now pgha-logs-${stack}.timer
`;
}
