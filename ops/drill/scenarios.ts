import { Site } from "./site";

/** The cluster as it stands right before the fault; containers' names. */
export interface Stage {
  site: Site;
  primary: string;
  standbys: string[];
  etcdLeader: string;
  etcd: string[];
  /** In the order in which clients try them. */
  haproxy: string[];
  pgbouncer: string[];
  /** Resolves when every path takes writes that were begun from now on; its value is the primary of then. */
  writesAgain(): Promise<string>;
  switchover(): Promise<void>;
}

/** One fault. What it breaks through the site, the site heals; the rest heals by itself. */
export interface Scenario {
  title: string;
  /** How it gets well again. */
  heals: string;
  /** The failure of the stack's budget that it is measured against. */
  failure?: string;
  /** Seconds from the fault to the healing, at least: longer than what the fault takes to be noticed. */
  hold: number;
  /** Holds writers back at the poolers, so that nothing may fail there. */
  planned?: boolean;
  /** Works only where the containers' network is within reach: Linux, root, iptables. */
  needsNetwork?: boolean;
  break(stage: Stage): Promise<void>;
}

const data = "/var/lib/pgha/data";
const crash = ({ site }: Stage, host: string) => site.must(host, `kill -9 $(head -1 ${data}/postmaster.pid)`);

/** Longer than the longest ttl: a frozen or cut-off primary is given up by then. */
const silent = 32;

export const scenarios: Record<string, Scenario> = {
  "postgres-crash": {
    title: "Postgres of the primary is killed (SIGKILL of the postmaster)",
    heals: "by itself",
    failure: "postgres-crash",
    hold: 5,
    break: (stage) => crash(stage, stage.primary),
  },
  "crash-without-restart": {
    title: "Postgres of the primary is killed and cannot start again",
    heals: "its files are made readable again",
    failure: "crash-without-restart",
    hold: 8,
    async break(stage) {
      const { site, primary } = stage;
      const access = (mode: string) => site.must(primary, `chmod ${mode} ${data}/pg_xact`);
      site.onHeal(`${primary} cannot read pg_xact`, () => access("0700"));
      await access("0000");
      await crash(stage, primary);
    },
  },
  "clean-stop": {
    title: "the primary's container is stopped",
    heals: "the container is started",
    failure: "clean-stop",
    hold: 6,
    break: ({ site, primary }) => site.stop(primary),
  },
  switchover: {
    title: "planned switchover, poolers paused meanwhile",
    heals: "by itself",
    failure: "switchover",
    hold: 4,
    planned: true,
    break: (stage) => stage.switchover(),
  },
  "host-loss": {
    title: "the primary's host is lost (docker kill)",
    heals: "the container is started",
    failure: "host-loss",
    hold: 5,
    break: ({ site, primary }) => site.kill(primary),
  },
  "host-loss-with-etcd-leader": {
    title: "the primary's host and the etcd leader are lost together",
    heals: "both containers are started",
    failure: "host-loss-with-etcd-leader",
    hold: 5,
    break: ({ site, primary, etcdLeader }) => Promise.all([site.kill(etcdLeader), site.kill(primary)]).then(() => undefined),
  },
  "silent-cut": {
    title: "the primary is cut off the network without a word",
    heals: "the container is connected again",
    failure: "partition",
    hold: silent,
    break: ({ site, primary }) => site.disconnect(primary),
  },
  "partition-from-etcd": {
    title: "the primary does not reach etcd; everything else does",
    heals: "the packet filter is taken away",
    hold: silent,
    needsNetwork: true,
    break: ({ site, primary, etcd }) => site.part(primary, etcd),
  },
  "frozen-patroni": {
    title: "the primary's Patroni is frozen (SIGSTOP); Postgres runs on",
    heals: "Patroni goes on (SIGCONT)",
    failure: "frozen-patroni",
    hold: silent,
    break: ({ site, primary }) => site.freeze(primary, "patroni"),
  },
  "frozen-postgres": {
    title: "all processes of the primary's Postgres are frozen (SIGSTOP)",
    heals: "they go on (SIGCONT)",
    hold: silent,
    break: ({ site, primary }) => site.freeze(primary, "postgres"),
  },
  "etcd-leader": {
    title: "the etcd leader is lost",
    heals: "the container is started",
    failure: "etcd-leader-loss",
    hold: 10,
    break: ({ site, etcdLeader }) => site.kill(etcdLeader),
  },
  "etcd-quorum": {
    title: "all of etcd is lost",
    heals: "the containers are started",
    failure: "etcd-quorum-loss",
    hold: silent,
    break: ({ site, etcd }) => Promise.all(etcd.map((host) => site.kill(host))).then(() => undefined),
  },
  haproxy: {
    title: "the HAProxy that carries the writers is lost",
    heals: "the container is started",
    failure: "proxy-loss",
    hold: 8,
    break: ({ site, haproxy }) => site.kill(haproxy[0]),
  },
  pgbouncer: {
    title: "the PgBouncer that carries the writers is lost",
    heals: "the container is started",
    failure: "pooler-loss",
    hold: 8,
    break: ({ site, pgbouncer }) => site.kill(pgbouncer[0]),
  },
  standby: {
    title: "a standby's host is lost",
    heals: "the container is started",
    hold: 10,
    break: ({ site, standbys }) => site.kill(standbys[0]),
  },
  "standby-data-gone": {
    title: "a standby loses its data directory",
    heals: "by itself, by a new copy",
    hold: 5,
    async break(stage) {
      const host = stage.standbys[0];
      await stage.site.must(host, `pid=$(head -1 ${data}/postmaster.pid); rm -rf ${data}/* ; kill -9 $pid`);
    },
  },
  "two-faults": {
    title: "the primary's host is lost, and Postgres of the next primary is killed as soon as it takes writes",
    heals: "the first one's container is started",
    hold: 10,
    async break(stage) {
      await stage.site.kill(stage.primary);
      await crash(stage, await stage.writesAgain());
    },
  },
};
