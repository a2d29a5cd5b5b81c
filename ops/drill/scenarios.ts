import { Scenario, Stage } from "./scenario";

const data = "/var/lib/pgha/data";
/** The first process that serves a connection. */
const crashBackend = ({ site, primary }: Stage, signal: "KILL" | "SEGV") =>
  site.must(primary, `for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline | grep -q "^postgres: .* app .*([0-9]*) " && exec kill -${signal} \${p#/proc/}; done 2>/dev/null; exit 1`);
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
  "backend-crash": {
    title: "one backend of the primary is killed (SIGKILL), as by the kernel when memory runs out",
    heals: "by itself",
    failure: "backend-crash",
    hold: 5,
    break: (stage) => crashBackend(stage, "KILL"),
  },
  "backend-segfault": {
    title: "one backend of the primary crashes (SIGSEGV)",
    heals: "by itself",
    failure: "backend-crash",
    hold: 5,
    break: (stage) => crashBackend(stage, "SEGV"),
  },
  "crash-without-restart": {
    title: "Postgres of the primary is killed and cannot start again",
    heals: "its files are made readable again",
    failure: "crash-without-restart",
    hold: 8,
    async break(stage) {
      const { site, primary } = stage;
      const access = (mode: string) => `chmod ${mode} ${data}/pg_xact`;
      site.onHeal(`${primary} cannot read pg_xact`, { do: "run", host: primary, line: access("0700") });
      await site.must(primary, access("0000"));
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
    worst: 3,
    hold: silent,
    needs: "network",
    break: ({ site, primary, etcd }) => site.part(primary, etcd),
  },
  "one-way-partition": {
    title: "nothing that the primary sends arrives; what is sent to it does",
    heals: "the packet filter is taken away",
    failure: "partition",
    hold: silent,
    needs: "network",
    break: ({ site, primary }) => site.silence(primary),
  },
  "packet-loss": {
    title: "a tenth of the primary's packets is lost",
    heals: "the packet filter is taken away",
    worst: 10,
    hold: 20,
    needs: "network",
    break: ({ site, primary }) => site.lose(primary, 0.1),
  },
  latency: {
    title: "all that the primary sends is 100 ms late",
    heals: "the delay is taken away",
    worst: 10,
    hold: 20,
    needs: "netem",
    break: ({ site, primary }) => site.delay(primary, 100),
  },
  "full-disk": {
    title: "the primary's disk is full (a volume of 384 MiB in memory, made for it)",
    heals: "the server gets its own volume back",
    failure: "crash-without-restart",
    hold: 8,
    async prepare({ site, standbys: [host], whole, switchover }) {
      await site.standIn(host, "/var/lib/pgha", 384 * 2 ** 20);
      await whole();
      await switchover(host);
      await whole();
    },
    async break({ site, primary, superuser }) {
      await site.exec(primary, "dd if=/dev/zero of=/var/lib/pgha/full bs=1M");
      // Until no segment of the log is left
      while (await superuser("SELECT pg_logical_emit_message(false, 'drill', repeat('x', 1000000))").then(() => true, () => false));
    },
  },
  "frozen-patroni": {
    title: "the primary's Patroni is frozen (SIGSTOP); Postgres runs on",
    heals: "Patroni goes on (SIGCONT)",
    failure: "frozen-patroni",
    hold: silent,
    break: ({ site, primary }) => site.freeze(primary, "quick-patroni"),
  },
  "frozen-postgres": {
    title: "all processes of the primary's Postgres are frozen (SIGSTOP)",
    heals: "they go on (SIGCONT)",
    failure: "frozen-patroni",
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
    worst: 5,
    hold: 10,
    break: ({ site, standbys }) => site.kill(standbys[0]),
  },
  "standby-data-gone": {
    title: "a standby loses its data directory",
    heals: "by itself, by a new copy",
    worst: 5,
    hold: 5,
    async break(stage) {
      const host = stage.standbys[0];
      await stage.site.must(host, `pid=$(head -1 ${data}/postmaster.pid); rm -rf ${data}/* ; kill -9 $pid`);
    },
  },
  "standby-then-primary": {
    title: "a standby's host is lost, and the primary's 10 s later",
    heals: "both containers are started",
    failure: "host-loss",
    hold: 15,
    async break({ site, primary, standbys, wait }) {
      await site.kill(standbys[0]);
      // The lost one counts no longer by then: before, nobody could know whether it alone had the last commit
      await wait(10);
      await site.kill(primary);
    },
  },
  "cut-from-cluster": {
    title: "the primary reaches neither etcd nor the standbys; clients still reach it",
    heals: "the packet filter is taken away",
    failure: "partition",
    hold: silent,
    needs: "network",
    break: ({ site, primary, standbys, etcd }) => site.part(primary, [...etcd, ...standbys]),
  },
  "power-loss": {
    title: "everything loses its power at once, and comes back in any order",
    heals: "by itself",
    worst: 60,
    hold: 5,
    async break({ site, wait }) {
      await Promise.all(site.hosts.map((host) => site.kill(host)));
      await wait(2);
      await site.heal(shuffled);
    },
  },
  "two-faults": {
    title: "the primary's host is lost, and Postgres of the next primary is killed as soon as it takes writes",
    heals: "the first one's container is started",
    failure: ["host-loss", "postgres-crash"],
    hold: 10,
    async break(stage) {
      await stage.site.kill(stage.primary);
      await crash(stage, await stage.writesAgain());
    },
  },
};

function shuffled<T>(list: readonly T[]): T[] {
  return list.map((one) => ({ one, at: Math.random() })).sort((a, b) => a.at - b.at).map(({ one }) => one);
}
