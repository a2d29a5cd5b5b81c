import { isValue } from "../../../infra/live/settings/expected";
import { REFUSED } from "../../../infra/live/settings/inForce";
import { Answer, byRow, Context, Found, SqlCheck } from "../check";

interface Setting {
  name: string;
  setting: string;
  unit: string | null;
  vartype: string;
}

const UP = "npm run up";

/** Settings that are in force and not what the stack's configuration makes of them. */
function notAsDeclared(answers: Answer[], { expected }: Context): Found[] {
  const { parameters = {} } = (expected?.configuration.postgresql ?? {}) as { parameters?: Record<string, unknown> };
  return answers.flatMap(({ server, rows }) =>
    (rows as Setting[])
      .filter((row) => row.name in parameters && !isValue(String(parameters[row.name]), row))
      .map(({ name, setting, unit }) => ({ where: server, evidence: `${name} is ${setting}${unit ? ` × ${unit}` : ""}, declared ${String(parameters[name])}` })));
}

/** A value that most servers have, and others not. */
function differing(answers: Answer[], what: string): Found[] {
  const values = answers.map(({ server, rows }) => [server, (rows as { value: string }[])[0]?.value]);
  if (new Set(values.map(([, value]) => value)).size < 2) return [];
  return [{ where: "cluster", evidence: `${what}: ${values.map(([server, value]) => `${server} ${value}`).join(", ")}` }];
}

const clocks = (answers: Answer[]) => answers.map(({ server, rows, at, took }) => ({ server, off: (rows as { clock: number }[])[0].clock - at, took }));

export const settings: SqlCheck[] = [
  byRow<{ name: string }>({
    id: "pending-restart",
    title: "Settings that wait for a restart",
    needs: "servers",
    severity: "warning",
    cause: "A setting was changed that Postgres takes up at its start only, and the restart did not come.",
    mend: "npx pgha restart",
    risk: "One server after the other, the primary last and with the poolers paused: clients wait some seconds.",
    sql: "SELECT name FROM pg_settings WHERE pending_restart",
    found: ({ name }) => ({ evidence: name }),
  }),
  byRow<{ text: string }>({
    id: "settings-refused",
    title: "Settings that the server does not take",
    needs: "servers",
    severity: "warning",
    cause: "A value in its files that cannot be applied: at the next start it may keep the server from coming up.",
    mend: UP,
    risk: "Patroni writes the files anew.",
    sql: REFUSED,
    found: ({ text }) => ({ evidence: text }),
  }),
  byRow<{ name: string; setting: string }>({
    id: "settings-altered",
    title: "Settings by ALTER SYSTEM",
    needs: "servers",
    severity: "note",
    cause: "Set by hand on one server: the others, and whatever replaces this one, do not have it.",
    mend: "ALTER SYSTEM RESET …; SELECT pg_reload_conf();",
    risk: "Put it into pgha:cluster.postgres.parameters first where it is wanted.",
    sql: "SELECT name, setting FROM pg_file_settings WHERE sourcefile ~ 'postgresql\\.auto\\.conf$' AND name IS NOT NULL ORDER BY seqno",
    found: ({ name, setting }) => ({ evidence: `${name} = ${setting}`, mend: `ALTER SYSTEM RESET ${name}; SELECT pg_reload_conf();` }),
  }),
  {
    id: "settings-declared",
    title: "Settings other than declared",
    needs: "servers",
    severity: "warning",
    cause: "ALTER SYSTEM, patronictl edit-config or a file that was changed by hand: the next update may undo it.",
    mend: UP,
    risk: "Some settings restart the servers, one after the other; npx pgha plan shows it.",
    // Not those that this session has set for itself
    sql: "SELECT name, setting, unit, vartype FROM pg_settings WHERE setting IS NOT NULL AND NOT pending_restart AND source <> 'client'",
    judge: (answers, context) => ({ found: notAsDeclared(answers, context) }),
  },
  byRow<{ line: string; why: string }>({
    id: "access-rules",
    title: "Access rules that are wrong or too wide",
    needs: "servers",
    severity: "critical",
    cause: "A line in pg_hba.conf that Postgres does not take, that asks for no password, or that lets passwords and data over the network in clear.",
    mend: UP,
    risk: "Who relied on that line is refused from then on.",
    sql: `SELECT line_number::text AS line, CASE WHEN error IS NOT NULL THEN error WHEN auth_method = 'trust' THEN 'trust: no password is asked for' WHEN auth_method = 'password' THEN 'password: in clear' ELSE 'host: without TLS' END AS why
      FROM pg_hba_file_rules WHERE error IS NOT NULL OR auth_method IN ('trust', 'password')
        OR (type IN ('host', 'hostnossl') AND auth_method <> 'reject' AND address NOT IN ('127.0.0.1', '::1', 'localhost'))`,
    found: ({ line, why }) => ({ evidence: `line ${line}: ${why}` }),
  }),
  {
    id: "versions",
    title: "Servers of different versions",
    needs: "servers",
    severity: "note",
    cause: "An update that was interrupted, or an image that was built at another time.",
    mend: UP,
    risk: "One server after the other, the primary last.",
    sql: "SELECT current_setting('server_version') AS value",
    judge: (answers) => ({ found: differing(answers, "versions") }),
  },
  {
    id: "clocks",
    title: "Clocks that differ",
    needs: "servers",
    severity: "warning",
    cause: "No time service on a host. Times in tables jump at a failover, and certificates and passwords end at another time than expected.",
    mend: "Have chrony or systemd-timesyncd run on each host; for Docker Desktop restart it after the machine slept.",
    risk: "A clock that is set back lets times repeat.",
    sql: "SELECT extract(epoch FROM clock_timestamp())::float8 AS clock",
    judge(answers) {
      const offs = clocks(answers);
      const found = offs.filter(({ off, took }) => Math.abs(off) > 2 + took)
        .map(({ server, off }) => ({ where: server, evidence: `its clock is ${Math.abs(off).toFixed(1)} s ${off > 0 ? "ahead of" : "behind"} this machine's` }));
      return { found };
    },
  },
];
