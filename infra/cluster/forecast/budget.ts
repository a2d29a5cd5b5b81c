import { ClusterSpec, Mode, Settings, Timers } from "../spec";

/**
 * What a failure can cost in rows that were acknowledged. Unflushed: the last commits of a server with synchronous_commit off.
 * Unsent: those that no standby had received, and what a cut-off old primary still took.
 */
export type Loss = "nothing" | "unflushed commits" | "unsent commits";

export type Failure = keyof typeof titles;

/** How long writes stop for a client that goes through PgBouncer. Seconds; null: until somebody repairs it (`until`). */
export interface FailureBudget {
  failure: Failure;
  title: string;
  /** What to expect on an idle machine. */
  typical: number | null;
  /** Every wait at its longest at once: several seconds above the typical figure. */
  worst: number | null;
  until?: string;
  mayLose: Loss;
}

/** Plain data, an output of the stack: drills and `pgha status --budget` read it. */
export interface Budget {
  mode: Mode;
  /** As promised by availability.maxWriteOutage; it covers every failure listed, one at a time. Seconds. */
  maxWriteOutage?: number;
  /** Age of the oldest commit that a crash can take where the loss is "unflushed commits". Seconds. */
  unflushed: number;
  failures: FailureBudget[];
}

/** Servers of each kind; with one of a kind its loss is repaired by hand. */
export interface Redundancy {
  etcd: number;
  proxies: number;
  poolers: number;
}

/** Seconds in which a client gives up a silent host of a URL and tries the next: tcp_user_timeout of the outputs. */
export const SILENT_HOST = 5;

interface Span {
  typical: number;
  worst: number;
}
type Outage = Span | { until: string };

// Measured on 2 cores, the same for all timers
/** Race for the lock, promotion, and in synchronous modes the first standby back. Grows with the WAL left to replay. */
const promotion: Span = { typical: 1.5, worst: 2.5 };
/** Patroni looks for processes that are left, writes down the state and releases the lock. */
const givingUp: Span = { typical: 0.5, worst: 2 };
/** How long a member that would lead waits for the answer of one that took the question. Source: patroni/ha.py, fetch_node_status. */
const silence: Span = { typical: 2, worst: 2 };
/** Backends end at once; after 5 s the postmaster kills what is left. Source: postmaster.c, SIGKILL_CHILDREN_AFTER_SECS. */
const ending: Span = { typical: 0.2, worst: 5 };
/** etcd looks for expired leases twice a second. Source: etcd server/lease/lessor.go, runLoop. */
const expiry: Span = { typical: 0.25, worst: 0.5 };
/** One election takes 1 to 2 election-timeouts of 0.5 s, a split vote as much again; leases then live one longer. Source: lessor.go, Promote. */
const election: Span = { typical: 1.25, worst: 2.5 };
/** Shutdown checkpoint. Patroni ends it after primary_stop_timeout in synchronous modes; otherwise 10 s are taken for granted. */
const stopping = ({ primaryStopTimeout }: Timers): Span => ({ typical: 1, worst: primaryStopTimeout || 10 });

const loop = ({ loopWait }: Timers): Span => ({ typical: loopWait / 2, worst: loopWait });
const lease = ({ ttl, loopWait }: Timers): Span => ({ typical: ttl - loopWait / 2, worst: ttl });

/** HAProxy finds the new primary, then PgBouncer tries again. */
function reach({ check, pooler }: Timers): Span {
  const up = (check.downInterval / 1000) * check.rise;
  return { typical: up - check.downInterval / 2000 + pooler.loginRetry / 2, worst: up + pooler.loginRetry };
}

/** A server that comes back before HAProxy has counted `fall` refusals was never down for it. */
function reachAgain(timers: Timers, away: number): Span {
  const { interval, fastInterval, fall } = timers.check;
  const noticed = away > (interval / 2 + fastInterval * (fall - 1)) / 1000;
  return noticed ? reach(timers) : { typical: timers.pooler.loginRetry / 2, worst: reach(timers).worst };
}

/** Each failure's bound. T ttl, L loop_wait, S primary_start_timeout, P promotion, H HAProxy and PgBouncer find the new primary. */
const outages: Record<Failure, (timers: Timers, redundancy: Redundancy) => Outage> = {
  /** L + 2 + P + H by failover (facts: measured 2.7–3.8 s, bound about 7); with S > 0, L + S + H by a restart in place. */
  "postgres-crash": (timers: Timers): Outage => {
    const { primaryStartTimeout, loopWait } = timers;
    if (primaryStartTimeout === 0) return sum(loop(timers), givingUp, promotion, reach(timers));
    const restart = { typical: Math.min(1.5, primaryStartTimeout), worst: primaryStartTimeout };
    return sum(loop(timers), restart, reachAgain(timers, loopWait / 2 + restart.typical));
  },
  /** As a crash of Postgres, once it has ended its other backends. Its own restart, whose recovery has no bound, is off (tuning.ts). */
  "backend-crash": (timers: Timers, redundancy: Redundancy): Outage => {
    const crash = outages["postgres-crash"](timers, redundancy);
    return "until" in crash ? crash : sum(ending, crash);
  },
  /** L + S + 2 + P + H. A start that fails at once is given up in the next loop; one that hangs, after S. */
  "crash-without-restart": (timers: Timers): Outage => {
    const { primaryStartTimeout, loopWait } = timers;
    const starting = { typical: Math.min(loopWait, primaryStartTimeout), worst: primaryStartTimeout };
    return sum(loop(timers), starting, givingUp, promotion, reach(timers));
  },
  /** Stop + P + H: the lock is released once the shutdown checkpoint has reached a standby. */
  "clean-stop": (timers: Timers): Outage => sum(stopping(timers), promotion, reach(timers)),
  /** As a clean stop: Patroni begins at once, and standbys see the deleted key by their watch. */
  switchover: (timers: Timers): Outage => sum(stopping(timers), promotion, reach(timers)),
  /** The lease was renewed up to L before: T − L to T, + 0.5 + P + H (facts: measured 18–21.4 s). */
  "host-loss": (timers: Timers): Outage => sum(lease(timers), expiry, promotion, reach(timers)),
  /** Election + full T + 0.5 + P + H: a new etcd leader refreshes every lease (facts: measured 25.7 s, bound 26). */
  "host-loss-with-etcd-leader": (timers: Timers, { etcd }: Redundancy): Outage =>
    etcd > 1 ? sum(election, { typical: timers.ttl, worst: timers.ttl }, expiry, promotion, reach(timers)) : { until: "etcd is back" },
  /** As the loss of its host; the old primary is read-only before, by L + retry_timeout + failsafe calls. */
  partition: (timers: Timers): Outage => sum(lease(timers), expiry, promotion, reach(timers)),
  /** T + 0.5 + 2 + P + H at most: it takes a question for its state, and does not answer. Writes still work until HAProxy's checks have run into their time-out. */
  "frozen-patroni": (timers: Timers): Outage => {
    const { interval, fastInterval, timeout, fall } = timers.check;
    const served = (interval / 2 + timeout + (fall - 1) * (fastInterval + timeout)) / 1000;
    const { typical, worst } = sum(lease(timers), expiry, silence, promotion, reach(timers));
    return { typical: Math.max(0, typical - served), worst };
  },
  /** None, as long as retry_timeout sits the election out; a primary that gave up before hands over. */
  "etcd-leader-loss": (timers: Timers): Outage =>
    timers.retryTimeout >= election.worst ? { typical: 0, worst: 1 } : { typical: 0, worst: sum(loop(timers), promotion, reach(timers)).worst },
  /** None (facts: measured 0.02 s in 31 s): failsafe mode, as long as the primary reaches every member. */
  "etcd-quorum-loss": (_timers: Timers): Outage => ({ typical: 0, worst: 1 }),
  /** A silent one is noticed after tcp_user_timeout (Linux's default: 925 s), tried once more, then the next host is. */
  "proxy-loss": ({ pooler }: Timers, { proxies }: Redundancy): Outage => {
    if (proxies < 2) return { until: "it is started again" };
    const silent = pooler.tcpUserTimeout / 1000 || 925;
    return { typical: 0.1 + pooler.loginRetry / 2, worst: silent + pooler.connectTimeout + pooler.loginRetry };
  },
  /** The client's driver tries the next host of its URL, a silent one after tcp_user_timeout. Counted from when it tries. */
  "pooler-loss": (_timers: Timers, { poolers }: Redundancy): Outage =>
    poolers > 1 ? { typical: 0.2, worst: SILENT_HOST } : { until: "it is started again" },
};

const titles = {
  "postgres-crash": "Postgres crashes",
  "backend-crash": "one backend crashes (out of memory, segfault)",
  "crash-without-restart": "Postgres crashes and cannot restart",
  "clean-stop": "the primary is stopped",
  switchover: "planned switchover",
  "host-loss": "the primary's host is lost",
  "host-loss-with-etcd-leader": "the primary's host and the etcd leader are lost together",
  partition: "the primary is cut off from the network",
  "frozen-patroni": "the primary's Patroni is frozen",
  "etcd-leader-loss": "the etcd leader is lost",
  "etcd-quorum-loss": "etcd loses its quorum",
  "proxy-loss": "one HAProxy is lost",
  "pooler-loss": "one PgBouncer is lost",
};

/** Failures after which a standby takes over from a primary that could not hand over. */
const takeovers: Failure[] = ["crash-without-restart", "host-loss", "host-loss-with-etcd-leader", "partition", "frozen-patroni"];

/** The budget of each failure, one at a time, rounded to tenths of a second. */
export function failureBudgets(timers: Timers, mode: Mode, redundancy: Redundancy, unflushed = 0): FailureBudget[] {
  return (Object.keys(outages) as Failure[]).map((failure) => {
    const outage = outages[failure](timers, redundancy);
    const figures = "until" in outage ? { typical: null, worst: null, until: outage.until } : round(outage);
    return { failure, title: titles[failure], ...figures, mayLose: lossOf(failure, mode, timers, unflushed) };
  });
}

/** Write outages and losses to expect of a cluster. */
export function planBudget({ timers, replication: { mode }, etcd, proxies, poolers, settings, maxWriteOutage }: ClusterSpec): Budget {
  const unflushed = unflushedSeconds(settings);
  const redundancy = { etcd: etcd.length, proxies: proxies.length, poolers: poolers.length };
  const promise = maxWriteOutage === undefined ? {} : { maxWriteOutage };
  return { mode, ...promise, unflushed, failures: failureBudgets(timers, mode, redundancy, unflushed) };
}

/**
 * connect_timeout of the outputs: the first login of a role at a pooler waits for a server, so it outlasts the worst outage, but not
 * the pooler's own patience, its client_login_timeout. Seconds.
 */
export function clientConnectTimeout(spec: ClusterSpec): number {
  const { worst } = longest(planBudget(spec).failures.filter((failure) => failure.worst !== null));
  return Math.min(60, Math.ceil(worst ?? 0) + 4);
}

/** The failure with the longest worst outage; one without an end is the longest of all. */
export function longest(failures: FailureBudget[]): FailureBudget {
  const length = ({ worst }: FailureBudget) => worst ?? Infinity;
  return failures.reduce((a, b) => (length(b) > length(a) ? b : a));
}

function lossOf(failure: Failure, mode: Mode, { primaryStartTimeout }: Timers, unflushed: number): Loss {
  if (mode !== "asynchronous") return "nothing";
  const crash = failure === "postgres-crash" || failure === "backend-crash";
  if (takeovers.includes(failure) || (crash && primaryStartTimeout === 0)) return "unsent commits";
  return crash && unflushed > 0 ? "unflushed commits" : "nothing";
}

/** 3 × wal_writer_delay where commits don't wait for the disk. Source: PostgreSQL's manual, 28.4 "Asynchronous Commit". */
function unflushedSeconds({ synchronous_commit, wal_writer_delay = "200ms" }: Settings): number {
  if (!["off", "false", "0", "no"].includes(String(synchronous_commit))) return 0;
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s)?$/.exec(String(wal_writer_delay)) ?? [];
  return Math.round(3 * Number(number ?? 200) * (unit === "s" ? 1000 : 1)) / 1000;
}

function sum(...spans: Span[]): Span {
  const total = (key: keyof Span) => spans.reduce((seconds, span) => seconds + span[key], 0);
  return { typical: total("typical"), worst: total("worst") };
}

function round({ typical, worst }: Span): Span {
  return { typical: Math.round(typical * 10) / 10, worst: Math.ceil(worst * 10 - 1e-6) / 10 };
}
