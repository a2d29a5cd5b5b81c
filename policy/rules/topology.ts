import { failureBudgets, longest } from "../../infra/cluster/budget";
import { Mode } from "../../infra/cluster/spec";
import { floor, planTimers } from "../../infra/cluster/timers";
import { isRewritten, lacksSpare, majorityZone } from "../../infra/cluster/topology";
import { Declared, kindOf, objects, Problem, StackRule } from "../rule";
import { Member, Shape, shapesOf } from "./shape";

/** Seconds that a single failure may stop writes for, where nobody has declared fewer. */
const LONGEST_OUTAGE = 600;

/** A rule about each cluster; a problem without a resource is one of the whole. */
function aboutClusters(find: (shape: Shape, resources: Declared[], seconds: number) => string | Problem[] | undefined): StackRule["problemsOfStack"] {
  return (resources, { seconds = LONGEST_OUTAGE } = {}) =>
    shapesOf(resources).flatMap((shape) => {
      const found = find(shape, resources, seconds) ?? [];
      return typeof found === "string" ? [{ resource: shape.on, problem: found }] : found;
    });
}

function crowded(members: Member[], what: string): string | undefined {
  const zones = members.map(({ zone }) => zone).filter((zone) => zone !== undefined);
  const zone = zones.length === members.length && zones.length > 1 ? majorityZone(zones) : undefined;
  return zone && `${zones.filter((one) => one === zone).length} of ${members.length} ${what} are in ${zone}`;
}

const timersOf = ({ configuration = {} }: Shape) => {
  const { ttl, loop_wait: loopWait, retry_timeout: retryTimeout, primary_start_timeout: primaryStartTimeout } = configuration;
  return { ttl: Number(ttl), loopWait: Number(loopWait), retryTimeout: Number(retryTimeout), primaryStartTimeout: Number(primaryStartTimeout ?? 300) };
};
const parameters = ({ configuration = {} }: Shape): Record<string, unknown> =>
  objects(objects(configuration.postgresql)[0]?.parameters)[0] ?? {};
const modeOf = ({ configuration = {} }: Shape): Mode =>
  configuration.synchronous_mode_strict === true ? "strict" : configuration.synchronous_mode === "quorum" ? "quorum" : configuration.synchronous_mode === "on" || configuration.synchronous_mode === true ? "priority" : "asynchronous";
const isOff = (value: unknown) => /^(off|false|no|0)$/i.test(String(value));

export const topology: StackRule[] = [
  {
    name: "odd-etcd",
    reason: "an even number of members survives no more failures than one fewer, and splits in halves that both stop",
    remedy: "use 3 members, or 5",
    problemsOfStack: aboutClusters(({ etcd }) => (etcd.length > 0 && etcd.length % 2 === 0 ? `has ${etcd.length} etcd members` : undefined)),
  },
  {
    name: "etcd-spread",
    reason: "the loss of that zone takes the quorum, and the cluster can elect no primary",
    remedy: "put one member into each of three zones",
    problemsOfStack: aboutClusters(({ etcd }) => crowded(etcd, "etcd members")),
  },
  {
    name: "postgres-spread",
    reason: "the loss of that zone takes the primary and its standbys together",
    remedy: "put one server into each zone",
    problemsOfStack: aboutClusters(({ postgres }) => crowded(postgres, "Postgres servers")),
  },
  {
    name: "strict-has-spare",
    reason: "strict stops all writes when its only standby is down",
    remedy: "add a standby, or use mode quorum",
    problemsOfStack: aboutClusters((shape) => {
      const standbys = shape.postgres.length - 1;
      return lacksSpare(modeOf(shape), standbys) ? `strict needs a standby for every commit, and has ${standbys}` : undefined;
    }),
  },
  {
    name: "timers-hold",
    reason: "Patroni rewrites timers that do not fit together, with a warning that nobody reads",
    remedy: `keep loop_wait + 2 × retry_timeout ≤ ttl, ttl ≥ ${floor.ttl}, loop_wait ≥ ${floor.loopWait} and retry_timeout ≥ ${floor.retryTimeout}`,
    problemsOfStack: aboutClusters((shape) => {
      const timers = timersOf(shape);
      const { ttl, loopWait, retryTimeout } = timers;
      const low = ttl < floor.ttl || loopWait < floor.loopWait || retryTimeout < floor.retryTimeout;
      return low || isRewritten(timers) ? `has ttl ${ttl}, loop_wait ${loopWait}, retry_timeout ${retryTimeout}` : undefined;
    }),
  },
  {
    name: "outage-bounded",
    reason: "writes would stop for minutes after one failure, although a standby is there",
    remedy: "choose shorter timers: primary_start_timeout above all, whose default is 300 s",
    problemsOfStack: aboutClusters((shape, _resources, seconds) => {
      if (!shape.configuration) return undefined;
      const timers = { ...planTimers(modeOf(shape)), ...timersOf(shape) };
      const { title, worst } = longest(failureBudgets(timers, modeOf(shape), { etcd: 3, proxies: 2, poolers: 2 }));
      return worst !== null && worst > seconds ? `when ${title}, writes stop for up to ${worst} s, ${seconds} s are allowed` : undefined;
    }),
  },
  {
    name: "pools-fit",
    reason: "beyond max_connections Postgres refuses logins, and the pools fail their clients",
    remedy: "lower the pools, or raise max_connections",
    problemsOfStack: aboutClusters((shape) => {
      const most = Number(parameters(shape).max_connections);
      // Each pooler has two databases, and max_db_connections bounds each of them
      const wanted = shape.pools.reduce((sum, pool) => sum + 2 * (pool.max_db_connections ?? pool.default_pool_size + (pool.reserve_pool_size ?? 0)), 0);
      return wanted > most ? `${shape.pools.length} poolers may open ${wanted} connections, max_connections is ${most}` : undefined;
    }),
  },
  {
    name: "durable",
    reason: "a crash would leave a database that is torn",
    remedy: "leave fsync and full_page_writes on",
    problemsOfStack: aboutClusters((shape) => {
      const off = ["fsync", "full_page_writes"].filter((name) => isOff(parameters(shape)[name]));
      return off.length > 0 ? `${off.join(" and ")} off` : undefined;
    }),
  },
  {
    name: "backed-up",
    reason: "replication copies a mistake to every standby within milliseconds",
    remedy: "leave backup.enabled out; on EC2, declare a bucket for backups and the WAL archive",
    problemsOfStack: aboutClusters(({ on, postgres, backup }, resources) => {
      const cloud = postgres.some(({ type }) => type.startsWith("aws:"));
      if (!cloud) return postgres.length > 0 && backup.length === 0 ? [{ resource: on, problem: "has no server for backups and the WAL archive" }] : undefined;
      return !resources.some((resource) => kindOf(resource) === "aws:Bucket") ? [{ resource: on, problem: "has no bucket for backups" }] : undefined;
    }),
  },
];
