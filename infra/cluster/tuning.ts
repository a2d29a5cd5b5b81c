import { AUTOVACUUM_WORKERS, planMemory } from "./memory";
import { profiles } from "./profiles";
import { ProfileName, Resources, Settings } from "./spec";
import { clampTo, GIB, MIB, postgresSize } from "../config/units";

/**
 * Postgres settings for a workload on a server of the given size. Every share is of the server's own limit,
 * and bounded so that a small server still starts. Source of the ratios: PostgreSQL's manual, chapters 19.4, 19.5, 19.10.
 */
export function tune(profile: ProfileName, resources: Resources): Settings {
  const { memory, cores, disk } = resources;
  const plan = planMemory(profile, memory, cores);
  const maxWalSize = clampTo(64 * MIB, Math.min(8 * GIB, disk / 5), GIB);
  const keepSize = clampTo(64 * MIB, Math.min(2 * GIB, disk / 20), 64 * MIB);
  return {
    max_connections: plan.maxConnections,
    superuser_reserved_connections: 5,
    shared_buffers: postgresSize(plan.sharedBuffers),
    effective_cache_size: postgresSize(clampTo(16 * MIB, memory * 0.7, 256 * MIB)),
    work_mem: postgresSize(plan.workMem),
    maintenance_work_mem: postgresSize(plan.maintenanceWorkMem),
    huge_pages: "try",
    wal_level: "replica",
    wal_log_hints: "on",
    wal_buffers: postgresSize(plan.walBuffers),
    max_wal_size: postgresSize(maxWalSize),
    min_wal_size: postgresSize(clampTo(64 * MIB, maxWalSize / 8, 80 * MIB, GIB)),
    checkpoint_completion_target: 0.9,
    checkpoint_warning: "30s",
    checkpoint_timeout: "10min",
    max_wal_senders: 10,
    max_replication_slots: 10,
    wal_keep_size: postgresSize(keepSize),
    max_slot_wal_keep_size: postgresSize(clampTo(64 * MIB, disk / 4, keepSize)),
    hot_standby_feedback: "on",
    // A backend's crash is Postgres's end, which Patroni sees and bounds; by itself it would recover for as long as that takes
    restart_after_crash: "off",
    // A standby that is promoted while it waits to try again waits to the end; 5 s by default
    wal_retrieve_retry_interval: "500ms",
    max_standby_streaming_delay: "30s",
    max_standby_archive_delay: "30s",
    wal_receiver_status_interval: "10s",
    wal_receiver_timeout: "10s",
    wal_sender_timeout: "10s",
    tcp_keepalives_idle: 10,
    tcp_keepalives_interval: 5,
    tcp_keepalives_count: 3,
    tcp_user_timeout: "10s",
    max_worker_processes: Math.max(8, cores + 4),
    max_parallel_workers: cores,
    max_parallel_workers_per_gather: Math.min(4, Math.ceil(cores / 2)),
    max_parallel_maintenance_workers: Math.min(4, Math.ceil(cores / 2)),
    random_page_cost: 1.1,
    effective_io_concurrency: 200,
    autovacuum_max_workers: AUTOVACUUM_WORKERS,
    autovacuum_work_mem: postgresSize(plan.autovacuumWorkMem),
    autovacuum_naptime: "20s",
    autovacuum_vacuum_cost_limit: 1000,
    default_toast_compression: "lz4",
    jit: "off",
    password_encryption: "scram-sha-256",
    shared_preload_libraries: "pg_stat_statements,pg_cron",
    track_io_timing: "on",
    log_checkpoints: "on",
    log_lock_waits: "on",
    log_autovacuum_min_duration: "10s",
    log_min_duration_statement: "1s",
    log_parameter_max_length: 0,
    log_line_prefix: "%m [%p] %q%u@%d %a ",
    ...profiles[profile].settings(resources),
  };
}
