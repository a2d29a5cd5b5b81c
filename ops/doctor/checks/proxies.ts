import { counted } from "../../../tools/words";
import { Found, ofParts } from "../check";
import { Parts, PatroniCluster } from "../parts";

type Row = Record<string, string>;

/** One finding for each proxy that answers and has one. */
const each = ({ proxies }: Parts, judge: (rows: Row[]) => string | undefined): Found[] =>
  proxies.flatMap((proxy) => {
    const evidence = proxy.error === undefined ? judge(proxy.rows) : undefined;
    return evidence ? [{ where: proxy.name, evidence }] : [];
  });
/** By its tag, as it is declared. */
const keepsReadersAway = (cluster: PatroniCluster | undefined, name: string) => Boolean(cluster?.members.find((member) => member.name === name)?.tags?.noloadbalance);
const isServer = ({ svname }: Row) => !["BACKEND", "FRONTEND"].includes(svname);

export const proxies = [
  ofParts({
    id: "proxies-silent",
    title: "Proxies that do not answer",
    needs: "haproxy",
    severity: "critical",
    cause: "HAProxy is down or cannot be reached: clients and poolers go by the others, if their URL names several hosts.",
    mend: "npm run up",
    risk: "None to the others.",
    found: ({ proxies }) => proxies.flatMap(({ name, error }) => (error ? [{ where: name, evidence: error }] : [])),
  }),
  ofParts({
    id: "proxies-write",
    title: "Writes go nowhere, or to the wrong server",
    needs: "haproxy",
    severity: "critical",
    cause: "The proxy's check of the primary fails: its certificate, its Patroni, the network between them.",
    mend: "npx pgha status",
    risk: "None: it only looks.",
    found({ status }) {
      const primaries = status.members.filter(({ error, role }) => !error && role === "primary").map(({ name }) => name);
      const known = primaries.length > 0;
      return status.proxies.filter(({ error }) => !error).flatMap(({ name, write = [] }) =>
        write.length === 1 && (!known || primaries.includes(write[0])) ? [] : [{ where: name, evidence: write.length ? `sends writes to ${write.join(" and ")}` : "sends writes nowhere" }]);
    },
  }),
  ofParts({
    id: "proxies-read",
    title: "Standbys that a proxy sends no reads to",
    needs: "haproxy",
    severity: "warning",
    cause: "The standby lags behind what reads may, is down, or cannot be reached from this proxy.",
    mend: "npx pgha doctor --only replication-lag,standbys",
    risk: "None: it only looks.",
    found: ({ status, cluster }) => status.proxies.filter(({ error }) => !error).flatMap(({ name, read = [] }) =>
      status.members.filter((member) => !member.error && member.role === "standby" && !read.includes(member.name) && !keepsReadersAway(cluster, member.name)).map((member) => ({ where: name, evidence: `no reads go to ${member.name}` }))),
  }),
  ofParts({
    id: "proxies-full",
    title: "Proxies near their limit of connections",
    needs: "haproxy",
    severity: "warning",
    cause: "More clients at a time than haproxy.maxConnections: the next ones wait in the kernel's queue and see nothing.",
    mend: "pgha:cluster.haproxy.maxConnections, then npm run up",
    risk: "40 KiB of memory a connection.",
    found: (parts) => each(parts, (rows) => {
      const full = rows.find(({ svname, scur, slim }) => svname === "FRONTEND" && Number(slim) > 0 && Number(scur) > 0.8 * Number(slim));
      return full && `${full.scur} of ${full.slim} sessions of ${full.pxname}`;
    }),
  }),
  ofParts({
    id: "proxies-failures",
    title: "Connections that a proxy could not make",
    needs: "haproxy",
    severity: "note",
    cause: "The server that is up for its checks refuses, or is too slow to take, a connection: full, overloaded, or at a failover.",
    mend: "npx pgha doctor --only connections,cpu-throttled",
    risk: "None: it only looks.",
    found: (parts) => each(parts, (rows) => {
      const bad = rows.filter(isServer).find(({ pxname, econ, stot }) => pxname !== "etcd" && Number(econ) > 100 && Number(econ) > 0.05 * Number(stot));
      return bad && `${bad.econ} of ${bad.stot} to ${bad.svname} in ${bad.pxname}`;
    }),
  }),
  ofParts({
    id: "proxies-queue",
    title: "Sessions that wait in a proxy",
    needs: "haproxy",
    severity: "critical",
    cause: "No server is up that would take them.",
    mend: "npx pgha status",
    risk: "None: it only looks.",
    found: (parts) => each(parts, (rows) => {
      const queue = rows.find(({ svname, qcur }) => svname === "BACKEND" && Number(qcur) > 0);
      return queue && `${counted(Number(queue.qcur), "session")} for ${queue.pxname}`;
    }),
  }),
];
