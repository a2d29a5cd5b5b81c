import { formatSeconds } from "../../format";
import { byRow } from "../check";

interface Role {
  role: string;
}

export const roles = [
  byRow<Role>({
    id: "superusers",
    title: "Superusers beside postgres",
    needs: "primary",
    severity: "warning",
    cause: "ALTER ROLE … SUPERUSER, often for one task: such a role may do anything, on the server's files as well.",
    mend: "ALTER ROLE … NOSUPERUSER;",
    risk: "What it did by that right fails from then on; grant what it needs.",
    sql: "SELECT quote_ident(rolname) AS role FROM pg_roles WHERE rolsuper AND oid <> 10",
    found: ({ role }) => ({ evidence: role, mend: `ALTER ROLE ${role} NOSUPERUSER;` }),
  }),
  byRow<Role & { seconds: number }>({
    id: "passwords-expire",
    title: "Passwords that expire",
    needs: "primary",
    severity: "warning",
    cause: "VALID UNTIL of a role that logs in: from then on it is refused. Poolers keep the sessions they have.",
    mend: "ALTER ROLE … VALID UNTIL 'infinity';",
    risk: "None; where the policy wants another password, give it one first.",
    sql: `SELECT quote_ident(rolname) AS role, extract(epoch FROM rolvaliduntil - now())::float8 AS seconds FROM pg_roles WHERE rolcanlogin AND rolvaliduntil < now() + interval '14 days'`,
    found: ({ role, seconds }) => ({
      severity: seconds < 0 ? "critical" : "warning",
      evidence: seconds < 0 ? `that of ${role} expired ${formatSeconds(-seconds)} ago` : `that of ${role} expires in ${formatSeconds(seconds)}`,
      mend: `ALTER ROLE ${role} VALID UNTIL 'infinity';`,
    }),
  }),
  byRow<Role>({
    id: "passwords-md5",
    title: "Passwords kept as MD5",
    needs: "primary",
    severity: "warning",
    cause: "Set where password_encryption was md5: who reads it can log in with it. Postgres gives it up.",
    mend: "\\password …",
    risk: "None: the same password may be set again.",
    sql: "SELECT quote_ident(rolname) AS role FROM pg_authid WHERE rolpassword ~ '^md5'",
    found: ({ role }) => ({ evidence: role, mend: `\\password ${role}` }),
  }),
  byRow<{ schema: string }>({
    id: "public-create",
    title: "Schemas in which everybody may make objects",
    needs: "databases",
    severity: "warning",
    cause: "CREATE for PUBLIC: anybody who gets in can place functions that others call by mistake.",
    mend: "REVOKE CREATE ON SCHEMA … FROM PUBLIC;",
    risk: "Who relied on it has to be granted it by name.",
    sql: "SELECT quote_ident(nspname) AS schema FROM pg_namespace, aclexplode(nspacl) a WHERE a.grantee = 0 AND a.privilege_type = 'CREATE'",
    found: ({ schema }) => ({ evidence: schema, mend: `REVOKE CREATE ON SCHEMA ${schema} FROM PUBLIC;` }),
  }),
  byRow<{ name: string }>({
    id: "definer-functions",
    title: "Functions that act as superuser and trust their caller's search_path",
    needs: "databases",
    severity: "critical",
    cause: "SECURITY DEFINER of a superuser without a search_path of its own: a caller has it run his own functions, and is superuser.",
    mend: "ALTER FUNCTION … SET search_path = pg_catalog, pg_temp;",
    risk: "Names in it that are not qualified are not found any more.",
    sql: `SELECT p.oid::regprocedure::text AS name FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE p.prosecdef AND r.rolsuper AND n.nspname !~ '^pg_' AND NOT coalesce(p.proconfig::text ~ '[{,"]search_path=', false)
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') LIMIT 20`,
    found: ({ name }) => ({ evidence: name, mend: `ALTER ROUTINE ${name} SET search_path = pg_catalog, pg_temp;` }),
  }),
];
