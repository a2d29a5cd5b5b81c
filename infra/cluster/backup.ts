import type { ClusterConfig } from "../config";
import { Fault, fault } from "../config/errors";
import { MIB, parseSize } from "../config/units";
import { servers } from "./servers";
import type { Backup, Settings } from "./spec";

/** Four segments: below it a moment's delay would drop WAL. */
const LEAST_QUEUE = 64 * MIB;
const BY_THE_BACKUP = ["archive_mode", "archive_command", "archive_library"];

/** undefined: nothing is backed up. */
export function planBackup({ name, backup }: ClusterConfig, settings: Settings): Backup | undefined {
  if (!backup.enabled) return undefined;
  const { enabled: _enabled, ...schedule } = backup;
  const size = String(settings.wal_keep_size);
  const kept = parseSize(/^\d+$/.test(size) ? `${size}MB` : size) ?? 0;
  return {
    ...schedule,
    servers: servers(name, "backup", 1).map((server) => ({ ...server, volume: `${server.host}-data` })),
    // Not more than what standbys keep: one that takes over archives what the lost primary had not
    queue: Math.max(LEAST_QUEUE, kept),
  };
}

/** What Postgres needs to know of it: a segment is archived when it is full, or after a minute. */
export function archiveSettings({ name, backup }: ClusterConfig): Settings {
  if (!backup.enabled) return {};
  return { archive_mode: "on", archive_command: `pgbackrest-push ${name} %p`, archive_timeout: "60s" };
}

/** What may not be decided by hand while it is on. */
export function backupFaults({ target, backup, postgres }: ClusterConfig): Fault[] {
  if (!backup.enabled) return [];
  if (target === "aws") return [fault("backup.enabled", "there are no backups on EC2 yet", "remove it, and back up by means of your own")];
  return BY_THE_BACKUP.filter((name) => name in postgres.parameters).map((name) =>
    fault(`postgres.parameters.${name}`, "is decided by the backup", "remove it, or set backup.enabled to false"));
}
