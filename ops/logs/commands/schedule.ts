import * as path from "node:path";
import { commonOptions, parseOptions } from "../../arguments";
import { findEngine } from "../../engine";

const options = { ...commonOptions, cron: { type: "boolean", default: false } } as const;

/** Prints, and changes nothing: who may install a timer, and as whom it runs, is the machine's own affair. */
export async function run(args: string[]): Promise<number> {
  const { stack, cron } = parseOptions("logs", args, options);
  const engine = findEngine();
  const name = stack ?? engine.stack;
  const command = (what: string) => `${process.execPath} ${path.join(engine.root, "ops/pgha.js")} logs ${what} --stack ${name}`;
  process.stdout.write(cron ? crontab(engine.root, command) : systemd(engine.root, name, command));
  return 0;
}

const crontab = (root: string, command: (what: string) => string) => `# crontab -e
37 3 * * * cd '${root}' && ${command("archive")} && ${command("purge")}
`;

const systemd = (root: string, stack: string, command: (what: string) => string) => `# /etc/systemd/system/pgha-logs-${stack}.service
[Unit]
Description=Archives of app_logs, stack ${stack}
After=network-online.target

[Service]
Type=oneshot
User=${process.env.USER ?? "root"}
WorkingDirectory=${root}
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
