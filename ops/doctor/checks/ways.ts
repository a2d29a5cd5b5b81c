import { maintenanceProblems } from "../../status/maintenance";
import { ofParts } from "../check";

export const ways = [
  ofParts({
    id: "endpoints",
    title: "Ways in that fail",
    needs: "endpoints",
    severity: "critical",
    cause: "The way that clients take, poolers and proxies included, to an answer of Postgres: what is between is down, or leads to the wrong server.",
    mend: "npx pgha status",
    risk: "None: it only looks.",
    found: ({ status }) => status.endpoints.flatMap(({ name, error, reaches }) => {
      const wanted = name.endsWith("write") ? "primary" : "standby";
      return error ? [{ where: `${name} endpoint`, evidence: error }] : reaches === wanted ? [] : [{ where: `${name} endpoint`, evidence: `reaches a ${reaches}` }];
    }),
  }),
  ofParts({
    id: "endpoints-slow",
    title: "Logins that take long",
    needs: "endpoints",
    severity: "note",
    cause: "Names that resolve slowly, a host of the URL that is gone and is tried first, or an overloaded server.",
    mend: "npx pgha doctor --only cpu-throttled,connections,poolers-silent,proxies-silent",
    risk: "None: it only looks.",
    found: ({ status }) => status.endpoints.flatMap(({ name, connectMilliseconds = 0 }) => (connectMilliseconds > 1000 ? [{ where: `${name} endpoint`, evidence: `${connectMilliseconds} ms` }] : [])),
  }),
  ofParts({
    id: "certificates",
    title: "Certificates that expire",
    needs: "endpoints",
    severity: "warning",
    cause: "No update for a long time: each renews those in their last 60 days. An expired one ends every connection.",
    mend: "npm run up",
    risk: "One server after the other, the primary last and with the poolers paused.",
    found: ({ status }) => status.certificates.filter(({ days }) => days < 21)
      .map(({ name, days }) => ({ where: name, severity: days < 7 ? "critical" as const : "warning" as const, evidence: days < 0 ? "it has expired" : `it expires in ${days} days` })),
  }),
  ofParts({
    id: "jobs",
    title: "Scheduled jobs that fail or rest",
    needs: "endpoints",
    severity: "warning",
    cause: "A job of pg_cron failed, is switched off, or did not run: partitions are not made ahead, old ones stay.",
    mend: "SELECT * FROM cron.job_run_details ORDER BY start_time DESC LIMIT 10;",
    risk: "None: it only looks.",
    found({ status: { maintenance, members }, now }) {
      const primary = members.find(({ error, role }) => !error && role === "primary");
      return maintenance && primary ? maintenanceProblems(maintenance, primary, now).map((evidence) => ({ where: primary.name, evidence })) : [];
    },
  }),
];
