import { byRow } from "../check";

interface Subscription {
  name: string;
  enabled: boolean;
  works: boolean;
  errors: number;
  copying: number;
}

export const logical = [
  byRow<{ table: string; publication: string }>({
    id: "publications-identity",
    title: "Published tables without an identity",
    needs: "databases",
    severity: "critical",
    cause: "A table without a primary key in a publication of UPDATE or DELETE: these statements fail on the publisher.",
    mend: "ALTER TABLE … REPLICA IDENTITY FULL;",
    risk: "FULL writes whole rows into the WAL and is slow at the subscriber; a primary key is better.",
    sql: `SELECT format('%I.%I', t.schemaname, t.tablename) AS "table", quote_ident(p.pubname) AS publication FROM pg_publication p
      JOIN pg_publication_tables t ON t.pubname = p.pubname JOIN pg_namespace n ON n.nspname = t.schemaname JOIN pg_class c ON c.relname = t.tablename AND c.relnamespace = n.oid
      WHERE (p.pubupdate OR p.pubdelete) AND c.relkind = 'r' AND (c.relreplident = 'n' OR (c.relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary))
        OR (c.relreplident = 'i' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident))) LIMIT 20`,
    found: ({ table, publication }) => ({ evidence: `${table} in publication ${publication}`, mend: `ALTER TABLE ${table} REPLICA IDENTITY FULL;` }),
  }),
  byRow<Subscription>({
    id: "subscriptions",
    title: "Subscriptions that do not work",
    needs: "databases",
    severity: "critical",
    cause: "The publisher cannot be reached, its slot is lost, or a row does not fit here (a duplicate key, a missing column). The publisher keeps WAL meanwhile.",
    mend: "The server's log names the reason.",
    risk: "Skipping a transaction (ALTER SUBSCRIPTION … SKIP) leaves the two sides different.",
    sql: `SELECT quote_ident(s.subname) AS name, s.subenabled AS enabled, coalesce(t.apply_error_count + t.sync_error_count, 0)::float8 AS errors,
        EXISTS (SELECT FROM pg_stat_subscription w WHERE w.subid = s.oid AND w.pid IS NOT NULL AND w.relid IS NULL) AS works,
        (SELECT count(*) FROM pg_subscription_rel r WHERE r.srsubid = s.oid AND r.srsubstate NOT IN ('r', 's'))::float8 AS copying
      FROM pg_subscription s LEFT JOIN pg_stat_subscription_stats t ON t.subid = s.oid WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    found({ name, enabled, works, errors, copying }) {
      const rest = `${errors ? `, ${errors} errors` : ""}${copying ? `, ${copying} tables not copied yet` : ""}`;
      if (!enabled) return { severity: "warning", evidence: `${name} is disabled${rest}`, mend: `ALTER SUBSCRIPTION ${name} ENABLE;` };
      if (!works) return { evidence: `${name} has no worker${rest}` };
      return errors > 0 ? { severity: "note", evidence: `${name} has had ${errors} errors` } : undefined;
    },
  }),
  byRow<{ name: string; version: string; available: string }>({
    id: "extensions-outdated",
    title: "Extensions whose update was not made",
    needs: "databases",
    severity: "note",
    cause: "The server brings a newer version of the extension's SQL than the database has.",
    mend: "ALTER EXTENSION … UPDATE;",
    risk: "Read the extension's notes: some change or drop functions.",
    sql: `SELECT quote_ident(e.extname) AS name, e.extversion AS version, a.default_version AS available FROM pg_extension e JOIN pg_available_extensions a ON a.name = e.extname WHERE a.default_version <> e.extversion`,
    found: ({ name, version, available }) => ({ evidence: `${name} is ${version}, the server brings ${available}`, mend: `ALTER EXTENSION ${name} UPDATE;` }),
  }),
];
