import { Alert } from "../alerts/prometheus";
import { Budget } from "../outputs";

/** What `pgha status --json` prints. Stable: keys may be added, none changes its meaning. */
export interface StatusReport {
  cluster: string;
  stack: string;
  /** When it was asked, ISO 8601. */
  time: string;
  verdict: Verdict;
  members: Member[];
  etcd: EtcdMember[];
  poolers: Pooler[];
  proxies: Proxy[];
  endpoints: Endpoint[];
  certificates: ServedCertificate[];
  /** Absent from stacks that were deployed before there were jobs. */
  maintenance?: Maintenance;
  /** What the primary says of its WAL. */
  wal?: Wal;
  /** Absent where nothing is watched. */
  alerts?: Alerts;
  /** Absent where nothing is backed up. */
  backup?: Backups;
  /** With --budget: how long writes stop in each kind of failure, as computed from the timers. Seconds. */
  budget?: Budget;
}

export interface Verdict {
  level: "healthy" | "degraded" | "no primary" | "unreachable";
  /** One line. */
  summary: string;
  /** Each thing that is not as it should be. */
  problems: string[];
}

/** Anything that may not answer: `error` says why, and what it would have said is absent. */
interface Part {
  name: string;
  error?: string;
}

/** A Postgres server under Patroni. What it doesn't say itself is what the other members know of it. */
export interface Member extends Part {
  role: "primary" | "standby" | "unknown";
  /** Patroni's word: running, streaming, starting, stopped, … */
  state: string;
  timeline?: number;
  /** Bytes not yet replayed; of standbys. */
  lag?: number;
  /** Bytes of WAL up to which a standby has received, since the cluster began. */
  position?: number;
  /** synchronous: the primary waits for it; quorum: one of those that it waits for any of. */
  sync?: "synchronous" | "quorum" | "asynchronous";
  pendingRestart: boolean;
  postgresVersion?: string;
  patroniVersion?: string;
  /** ISO 8601. */
  startedAt?: string;
  /** Seconds since its Patroni last reached etcd. */
  etcdSeenSecondsAgo?: number;
  /** What its Patroni rewrites a shorter ttl to. Seconds. */
  leastTtl?: number;
}

/** A member of etcd, as the proxies see it. */
export interface EtcdMember {
  name: string;
  /** Absent when no proxy says. */
  healthy?: boolean;
}

export interface Pooler extends Part {
  version?: string;
  clients?: { active: number; waiting: number };
  /** Idle ones include those that await a check before they are used again. */
  servers?: { active: number; idle: number };
  /** Databases under PAUSE. */
  paused?: string[];
  /** Seconds that the first client in the queue has waited. */
  maxWait?: number;
  /** Average of the last stats period. */
  queriesPerSecond?: number;
}

export interface Proxy extends Part {
  /** Servers that are up in each backend. */
  write?: string[];
  read?: string[];
  /** Members of etcd that answer it; absent from proxies that were deployed before they asked. */
  etcd?: string[];
  sessions?: { write: number; read: number };
}

export interface Endpoint extends Part {
  /** Without password and parameters. */
  url: string;
  /** The host of the URL that answered. */
  host?: string;
  reaches?: "primary" | "standby";
  connectMilliseconds?: number;
  queryMilliseconds?: number;
}

export interface ServedCertificate {
  name: string;
  /** ISO 8601. */
  expires: string;
  /** Whole days left; negative when it has expired. */
  days: number;
}

/** What the database does by its own clock. Times are ISO 8601. */
export interface Maintenance {
  /** Why nothing is known of it. */
  error?: string;
  jobs: Job[];
  tables: PartitionedTable[];
}

export interface Job {
  name: string;
  /** As in crontab, UTC. */
  schedule: string;
  active: boolean;
  lastRun?: string;
  /** Of the last run; absent while it runs. Seconds. */
  seconds?: number;
  result?: string;
  /** The last run's message, one line. */
  message?: string;
  nextRun?: string;
  /** In a row, up to the last run. */
  failures: number;
}

/** A table whose partitions are made ahead. */
export interface PartitionedTable {
  name: string;
  every: string;
  partitions: number;
  oldest?: string;
  aheadUntil?: string;
}

/** The WAL of the primary and what keeps it. */
export interface Wal {
  /** Why nothing is known of it. */
  error?: string;
  /** Position of the oldest that it still has, in bytes as a member's position. */
  oldest?: number;
  slots: Slot[];
  /** Segments that the archive does not have yet, and since when the first of them waits, ISO 8601. */
  waiting?: { segments: number; since: string };
  /** The last segment that Postgres was told is archived. */
  archived?: string;
}

/** Backups and the WAL archive. Times are ISO 8601. */
export interface Backups {
  /** Why nothing is known of them. */
  error?: string;
  backups: number;
  lastFull?: string;
  /** Of any type. */
  last?: string;
  /** The newest in the archive. */
  lastSegment?: string;
  lastSegmentAt?: string;
  /** In which any time can be restored, but for the gaps. */
  window?: { from: string; to: string };
  /** Segments that the archive lacks; what lies between the two times cannot be restored. */
  gaps: { from: string; to: string; after?: string; before?: string }[];
  /** Type of the backup that is being made. */
  running?: string;
  /** When a restore was last tried, whatever came of it. */
  proofAt?: string;
  /** What failed, and has not succeeded since. */
  faults: string[];
}

/** A replication slot; those of members are among them. */
export interface Slot {
  name: string;
  type: "physical" | "logical";
  /** Of a logical one. */
  database?: string;
  /** Its consumer is connected. */
  active: boolean;
  /** Postgres's word: reserved, extended, unreserved, lost. */
  walStatus?: string;
  /** Why it is of no use any more. */
  reason?: string;
  retainedBytes?: number;
}

/** What Prometheus says. */
export interface Alerts {
  /** Why nothing is known of it. */
  error?: string;
  firing: Alert[];
}

/** What the cluster as a whole says of itself; absent when no Patroni answers. */
export interface ClusterState {
  /** Maintenance mode: Patroni fails over no more. */
  paused: boolean;
  /** Seconds. */
  ttl: number;
  /** Bytes behind which a standby cannot take over. */
  maximumLagOnFailover: number;
}
