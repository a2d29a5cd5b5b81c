import { counted } from "../../../tools/words";
import { formatSeconds } from "../../format";
import { Found, ofParts, Severity } from "../check";
import { Parts } from "../parts";

type Row = Record<string, string>;
type Pooler = Extract<Parts["poolers"][number], { pools: unknown }>;

/** Findings of each pooler that answers. */
const each = ({ poolers }: Parts, judge: (pooler: Pooler) => { evidence: string; severity?: Severity; mend?: string }[]): Found[] =>
  poolers.flatMap((pooler) => (pooler.error === undefined ? judge(pooler).map((found) => ({ where: pooler.name, ...found })) : []));
const ofClients = ({ pools }: Pooler) => pools.filter(({ database }) => database !== "pgbouncer");
const sum = (rows: Row[], ...keys: string[]) => rows.reduce((total, row) => total + keys.reduce((part, key) => part + Number(row[key] ?? 0), 0), 0);
/** Of the first client in the queue. Seconds. */
const waitOf = ({ maxwait, maxwait_us }: Row) => Number(maxwait) + Number(maxwait_us) / 1e6;
const setting = ({ config }: Pooler, key: string) => config.find((row) => row.key === key)?.value ?? "";
/** What two poolers may have otherwise. */
const OWN = /^(server_tls|client_tls|unix_socket|listen|pidfile|logfile|conffile|job_name|service_name|peer_id|min_pool_size)/;

export const poolers = [
  ofParts({
    id: "poolers-silent",
    title: "Poolers that do not answer",
    needs: "pgbouncer",
    severity: "critical",
    cause: "PgBouncer is down or cannot be reached: its clients go to the others, if their URL names several hosts.",
    mend: "npm run up",
    risk: "None to the others.",
    found: ({ poolers }) => poolers.flatMap(({ name, error }) => (error ? [{ where: name, evidence: error }] : [])),
  }),
  ofParts({
    id: "poolers-paused",
    title: "Databases that a pooler has paused",
    needs: "pgbouncer",
    severity: "critical",
    cause: "A planned change is under way, or was killed: clients wait. The keeper ends such a pause after 75 s.",
    mend: "RESUME; on the pooler's console",
    risk: "None where no change is under way.",
    found: (parts) => each(parts, ({ databases }) => databases.filter(({ paused }) => Number(paused) === 1).map(({ name }) => ({ evidence: name }))),
  }),
  ofParts({
    id: "pools-waiting",
    title: "Clients that wait for a connection",
    needs: "pgbouncer",
    severity: "warning",
    cause: "All connections of the pool are taken by statements that run long, or there is no primary.",
    mend: "npx pgha doctor --only lock-waits,idle-in-transaction,slow-queries; then pgha:cluster.pgbouncer.poolSize",
    risk: "A larger pool takes more of max_connections, and beyond the processors makes nothing faster.",
    found: (parts) => each(parts, (pooler) => ofClients(pooler).flatMap((pool) => {
      const { database, user, cl_waiting } = pool;
      const seconds = waitOf(pool);
      if (seconds < 5) return [];
      return [{ severity: seconds > 30 ? "critical" as const : "warning" as const, evidence: `${counted(Number(cl_waiting), "client")} of ${user} in ${database}, the first for ${formatSeconds(seconds)}` }];
    })),
  }),
  ofParts({
    id: "pools-full",
    title: "Pools whose connections are all taken",
    needs: "pgbouncer",
    severity: "warning",
    cause: "Nearly all connections of a database are in use, and clients begin to wait. A pool that is busy and lets nobody wait is as it should be.",
    mend: "pgha:cluster.pgbouncer.poolSize or databases[].poolSize, then npm run up",
    risk: "A larger pool takes more of max_connections, and beyond the processors makes nothing faster.",
    found: (parts) => each(parts, (pooler) => ofClients(pooler).flatMap((pool) => {
      const { pool_size } = pooler.databases.find(({ name }) => name === pool.database) ?? {};
      const [size, busy] = [Number(pool_size ?? setting(pooler, "default_pool_size")), sum([pool], "sv_active", "sv_active_cancel")];
      if (!(size > 0) || busy < 0.8 * size || waitOf(pool) < 1) return [];
      return [{ evidence: `${busy} of ${size} connections of ${pool.user} in ${pool.database} are in use, ${counted(Number(pool.cl_waiting), "client")} wait` }];
    })),
  }),
  ofParts({
    id: "poolers-full",
    title: "Poolers near their limit of clients",
    needs: "pgbouncer",
    severity: "warning",
    cause: "More clients than pgbouncer.maxClientConnections: the next one is refused.",
    mend: "pgha:cluster.pgbouncer.maxClientConnections, then npm run up",
    risk: "50 KiB of memory a client.",
    found: (parts) => each(parts, (pooler) => {
      const [most, clients] = [Number(setting(pooler, "max_client_conn")), sum(pooler.pools, "cl_active", "cl_waiting")];
      return most > 0 && clients > 0.8 * most ? [{ severity: clients > 0.9 * most ? "critical" as const : "warning" as const, evidence: `${clients} of ${most} clients` }] : [];
    }),
  }),
  ofParts({
    id: "pools-slow",
    title: "Clients wait a while for each connection",
    needs: "pgbouncer",
    severity: "warning",
    cause: "The pool is smaller than the work, most of the time.",
    mend: "npx pgha doctor --only slow-queries; then pgha:cluster.pgbouncer.poolSize",
    risk: "A larger pool takes more of max_connections, and beyond the processors makes nothing faster.",
    found: (parts) => each(parts, ({ stats }) => stats.filter(({ database, avg_wait_time, avg_query_count }) => database !== "pgbouncer" && Number(avg_query_count) > 0 && Number(avg_wait_time) > 100_000)
      .map(({ database, avg_wait_time }) => ({ evidence: `${Math.round(Number(avg_wait_time) / 1000)} ms on average in ${database}` }))),
  }),
  ofParts({
    id: "poolers-differ",
    title: "Poolers with different settings",
    needs: "pgbouncer",
    severity: "note",
    cause: "SET on one console, or an update that was interrupted.",
    mend: "RELOAD; on each console, or npm run up",
    risk: "None.",
    found({ poolers }) {
      const told = poolers.filter((pooler): pooler is Pooler => pooler.error === undefined);
      const keys = (told[0]?.config ?? []).map(({ key }) => key).filter((key) => !OWN.test(key) && new Set(told.map((pooler) => setting(pooler, key))).size > 1);
      return keys.map((key) => ({ where: "poolers", evidence: `${key}: ${told.map((pooler) => `${pooler.name} ${setting(pooler, key)}`).join(", ")}` }));
    },
  }),
];
