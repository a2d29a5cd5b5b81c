import type { ClusterConfig } from "../config";
import { Fault, fault } from "./errors";
import { servers } from "./servers";
import { Backup, ClusterSpec, Settings } from "./spec";
import { MIB, parseSize } from "./units";

/** Four segments: below it a moment's delay would drop WAL. */
const LEAST_QUEUE = 64 * MIB;

/** On EC2 there is a bucket, but nothing that writes to it yet. */
const isOn = ({ target, backup }: ClusterConfig) => target === "docker" && backup.enabled !== false;

/** undefined: nothing is backed up. */
export function planBackup(config: ClusterConfig, settings: Settings): Backup | undefined {
  if (!isOn(config)) return undefined;
  const { full, differential, incremental, hour, retentionDays, minimumFulls } = config.backup;
  const size = String(settings.wal_keep_size);
  const kept = parseSize(/^\d+$/.test(size) ? `${size}MB` : size) ?? 0;
  return {
    full, differential, incremental, hour, retentionDays, minimumFulls,
    servers: servers(config.name, "backup", 1).map((server) => ({ ...server, volume: `${server.host}-data` })),
    // Not more than what standbys keep: one that takes over archives what the lost primary had not
    queue: Math.max(LEAST_QUEUE, kept),
  };
}

/** What Postgres needs to know of it: a segment is archived when it is full, or after a minute. */
export function archiveSettings(config: ClusterConfig): Settings {
  if (!isOn(config)) return {};
  return { archive_mode: "on", archive_command: `pgbackrest --stanza=${config.name} archive-push %p`, archive_timeout: "60s" };
}

/** What may not be decided by hand while it is on. */
export function backupFaults({ target, backup, postgres }: ClusterConfig, spec: ClusterSpec): Fault[] {
  if (target === "aws" && backup.enabled) return [fault("backup.enabled", "there are no backups on EC2 yet", "remove it, and back up by means of your own")];
  if (!spec.backup) return [];
  return ["archive_mode", "archive_command", "archive_library"].filter((name) => name in postgres.parameters).map((name) =>
    fault(`postgres.parameters.${name}`, "is decided by the backup", "remove it, or set backup.enabled to false"));
}
