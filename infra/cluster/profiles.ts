import { Mode, ProfileName, Resources, Settings } from "./spec";
import { clampTo, GIB, MIB, postgresSize } from "../config/units";

/** What a workload changes against the common settings of tuning.ts, and how its commits are replicated by default. */
export interface Profile {
  mode: Mode;
  /** Connections at most: fewer get more memory each. */
  connections: number;
  settings(resources: Resources): Settings;
}

const wal = (resources: Resources, wanted: number) =>
  postgresSize(clampTo(64 * MIB, Math.min(wanted, resources.disk / 5), GIB));

export const profiles: Record<ProfileName, Profile> = {
  /** Many short transactions: small WAL records, commits that share a flush. */
  oltp: {
    mode: "quorum",
    connections: 200,
    settings: () => ({ wal_compression: "on", wal_writer_delay: "50ms", commit_delay: 100, commit_siblings: 20 }),
  },
  /** As oltp, but a commit without a synchronous standby waits instead of being at risk. */
  finance: {
    mode: "strict",
    connections: 200,
    settings: () => ({ wal_compression: "on", wal_writer_delay: "50ms" }),
  },
  /** Reads spread over standbys; a lost second of carts is cheaper than a slow checkout. */
  ecommerce: {
    mode: "asynchronous",
    connections: 200,
    settings: () => ({ wal_compression: "on", autovacuum_vacuum_scale_factor: 0.05 }),
  },
  /** Inserts only: vacuum is woken by inserts, analyze early, checkpoints far apart. */
  logs: {
    mode: "quorum",
    connections: 200,
    settings: (r) => ({
      wal_compression: "on",
      max_wal_size: wal(r, 12 * GIB),
      autovacuum_vacuum_insert_scale_factor: 0.2,
      autovacuum_analyze_scale_factor: 0.1,
    }),
  },
  /** Loads that can be repeated: commits do not wait for the disk; up to 3 × wal_writer_delay of them can be lost. */
  bulk: {
    mode: "asynchronous",
    connections: 100,
    settings: (r) => ({
      synchronous_commit: "off",
      wal_compression: "off",
      wal_buffers: postgresSize(clampTo(MIB, r.memory / 64, 4 * MIB, 32 * MIB)),
      max_wal_size: wal(r, 16 * GIB),
      checkpoint_timeout: "30min",
    }),
  },
  /** Few large queries: much memory each, parallel plans, fine statistics. */
  warehouse: {
    mode: "quorum",
    connections: 60,
    settings: (r) => ({
      max_wal_size: wal(r, 16 * GIB),
      default_statistics_target: 500,
      max_parallel_workers_per_gather: Math.max(2, Math.floor(r.cores / 2)),
      jit: "on",
    }),
  },
  /** A source of logical replication: more senders and slots, more WAL kept for consumers that lag. */
  logical: {
    mode: "quorum",
    connections: 200,
    settings: (r) => ({
      wal_level: "logical",
      max_wal_senders: 20,
      max_replication_slots: 20,
      wal_keep_size: postgresSize(clampTo(64 * MIB, Math.min(4 * GIB, r.disk / 10), 64 * MIB)),
    }),
  },
};
