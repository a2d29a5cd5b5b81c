import { z } from "zod";

export const identifier = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, "use 1–40 lower-case letters, digits and underscores, a letter first");
// As it is stored: what needs quotes in SQL for its capitals is written without them
const table = z.string().regex(/^[A-Za-z_]\w{0,62}\.[A-Za-z_]\w{0,62}$/, 'name it with its schema, without quotes and in its own capitals, for example "app.accounts"');
const column = z.string().regex(/^[A-Za-z_]\w{0,62}$/, "name it without quotes and in its own capitals");
const list = <T extends z.ZodType>(element: T) => z.array(element).default([] as never);
const value = z.union([z.string(), z.number(), z.boolean()]);
const privileges = z
  .array(
    z.enum(["all", "select", "insert", "update", "delete", "truncate", "references", "trigger", "maintain", "usage", "execute", "create", "connect", "temporary"]),
  )
  .min(1, "name at least one privilege");
const interval = z.string().regex(/^[1-9]\d{0,3} (day|week|month|year)s?$/, 'use a number of days, weeks, months or years, for example "12 months"');
/** Source: PostgreSQL's manual, 23.3.1, those that a server has. */
const encoding = z.enum(["UTF8", "EUC_CN", "EUC_JIS_2004", "EUC_JP", "EUC_KR", "EUC_TW", "ISO_8859_5", "ISO_8859_6", "ISO_8859_7", "ISO_8859_8", "KOI8R", "KOI8U",
  ...Array.from({ length: 10 }, (_, index) => `LATIN${index + 1}`), "MULE_INTERNAL", "SQL_ASCII", "WIN866", "WIN874", ...Array.from({ length: 9 }, (_, index) => `WIN${1250 + index}`)]);
// Goes into SQL as it is
const condition = z.string().regex(/^[^;]+$/, "use one SQL condition, without a semicolon");

const grant = z.strictObject({
  role: identifier.describe("who gets it"),
  privileges: privileges.describe("what it may do"),
  on: z
    .string()
    .regex(/^(database|schema [A-Za-z_]\w*|(table|sequence) [A-Za-z_]\w*\.[A-Za-z_]\w*|function [A-Za-z_]\w*\.[A-Za-z_]\w*\([\w ,.[\]]*\)|all (tables|sequences|functions) in schema [A-Za-z_]\w*)$/,
      'use database, "schema app", "table app.accounts", "sequence app.n", "function app.f(integer)" or "all tables|sequences|functions in schema app"')
    .describe('`database`, `schema app`, `table app.accounts`, `sequence app.n`, `function app.f(integer)` or `all tables in schema app`'),
});

const defaultPrivilege = z.strictObject({
  owner: identifier.optional().describe("whose future objects (the owner of the database)"),
  schema: identifier.optional().describe("in which schema; default: in all"),
  on: z.enum(["tables", "sequences", "functions", "types", "schemas"]).describe("kind of future objects"),
  role: identifier.describe("who gets it"),
  privileges: privileges.describe("what it may do"),
});

const partition = z.strictObject({
  key: column.describe("column of the range"),
  interval: z.enum(["day", "week", "month"]).describe("span of one partition"),
  premake: z.int().min(1).max(60).default(4).describe("partitions made ahead of time"),
  retention: interval.optional().describe("age after which a partition is dropped with its rows; default: never"),
});

const publishedTable = z.strictObject({
  name: table.describe("table, with its schema"),
  columns: list(column).describe("columns that are sent; default: all"),
  where: condition.optional().describe("rows that are sent, as an SQL condition"),
});

const publication = z.strictObject({
  name: identifier.describe("name of the publication"),
  tables: list(publishedTable).describe("tables that are published"),
  schemas: list(identifier).describe("schemas all of whose tables are published"),
  operations: z
    .array(z.enum(["insert", "update", "delete", "truncate"]))
    .default(["insert", "update", "delete", "truncate"])
    .describe("changes that are sent"),
  viaRoot: z.boolean().default(false).describe("send partitions' changes as their parent's"),
});

const subscription = z.strictObject({
  name: identifier.describe("name of the subscription; its password is the secret `pgha:<name>Password`"),
  host: z.string().regex(/^[A-Za-z0-9.-]+$/, "use a host name or an IPv4 address").describe("publisher, as the servers reach it"),
  port: z.int().min(1).max(65535).default(5432).describe("port of the publisher"),
  database: identifier.describe("database of the publisher"),
  user: identifier.describe("role of the publisher, with REPLICATION and SELECT on what is copied"),
  publications: z.array(identifier).min(1, "name at least one publication").describe("publications of the publisher"),
  slot: identifier.optional().describe("logical slot that the publisher declares for it (the name of the subscription)"),
  authority: z.string().startsWith("-----BEGIN CERTIFICATE-----", "use a certificate in PEM").optional()
    .describe("certificate authority of the publisher, PEM: its output caCertificate (this cluster's own)"),
  copyData: z.boolean().default(true).describe("copy the rows that are there first"),
  enabled: z.boolean().default(true).describe("whether it receives"),
});

const database = z.strictObject({
  name: identifier.describe("the application database or a further one, with pools of its own"),
  owner: identifier.optional().describe("role that owns it and its schemas (<name>_owner, which is made)"),
  roles: z.enum(["standard", "none"]).optional()
    .describe("standard: <name> reads and writes, <name>_readonly reads, <name>_migrator changes the schema as its owner; default: standard, none where an owner is declared"),
  encoding: encoding.optional().describe("character set, fixed when it is made (UTF8); another one has locale C"),
  locale: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9@._-]{0,62}$/, "use C, C.UTF-8 or a language such as sv or de-AT").optional()
    .describe("order of its texts, fixed when it is made: `C` by bytes (a Matrix server wants it), `C.UTF-8`, `PG_UNICODE_FAST`, or a language such as `sv` or `de-AT` by ICU (C.UTF-8)"),
  localeProvider: z.enum(["builtin", "icu", "libc"]).optional()
    .describe("whose locale; libc has others than C, C.UTF-8 and POSIX with locales-all under postgres.packages; default: builtin for those that Postgres has by itself, otherwise icu"),
  poolSize: z.int().min(1).max(1000).optional()
    .describe("server connections for its writes at each pooler, and as many for reads (an equal share of what max_connections and the other databases leave)"),
  extensions: list(z.strictObject({ name: z.string().regex(/^[a-z][a-z0-9_-]*$/).describe("name of the extension"), schema: identifier.default("public").describe("schema of its objects") }))
    .describe("extensions"),
  schemas: list(z.strictObject({ name: identifier.describe("name of the schema"), owner: identifier.optional().describe("its owner (the database's)") })).describe("schemas"),
  grants: list(grant).describe("rights on what is there; one that is declared no more is revoked"),
  defaultPrivileges: list(defaultPrivilege).describe("rights on what will be made"),
  tables: list(
    z.strictObject({
      name: table.describe("table that a migration makes, with its schema"),
      storage: z.record(z.string(), z.union([z.number(), z.boolean(), z.enum(["on", "off", "auto"])])).default({}).describe("storage and autovacuum parameters; of a partitioned table: of each partition"),
      partition: partition.optional().describe("partitions that are made and retired by themselves, of a table that a migration made PARTITION BY RANGE (key)"),
    }),
  ).describe("storage, autovacuum and partitions of tables"),
  publications: list(publication).describe("publications"),
  subscriptions: list(subscription).describe("subscriptions to publications of another database"),
});

const role = z.strictObject({
  name: identifier.describe("name of the role"),
  login: z.boolean().default(true).describe("whether it logs in: its password is made, its URLs are in the output roleUrls"),
  database: identifier.optional().describe("database it may connect to and its URLs lead to (the application database)"),
  memberOf: list(z.string().regex(/^[a-z][a-z0-9_]{0,62}$/)).describe("roles whose rights it has"),
  replication: z.boolean().default(false).describe("whether it may stream, for a subscriber; poolers refuse it"),
  connectionLimit: z.int().min(1).optional().describe("connections at a time, of which each pooler gets an equal share; default: no limit"),
  validUntil: z.iso.date("use a date such as 2027-12-31").optional().describe("day (UTC) on which its password expires; default: never"),
  settings: z.record(z.string().regex(/^[a-zA-Z_]+(\.[a-zA-Z_]+)?$/), value).default({}).describe("Postgres settings of its sessions"),
});

/** Keys of `pgha:cluster` that declare what the databases hold. */
export const declarations = {
  databases: list(database).describe("what databases hold: further ones, and what belongs into the application's"),
  roles: list(role).describe("roles beside those that the cluster makes for each database"),
  drift: z.enum(["declared", "all"]).default("declared").describe("what counts as drift: what is declared, or also what owners and migrators make by themselves"),
  examples: list(z.enum(["orders", "messaging"])).describe("example schemas to put into the application database"),
};

export type DatabaseDeclaration = z.output<typeof database>;
export type RoleDeclaration = z.output<typeof role>;
export type Grant = z.output<typeof grant>;
export type DefaultPrivilege = z.output<typeof defaultPrivilege>;
export type TableDeclaration = DatabaseDeclaration["tables"][number];
export type Partitioning = z.output<typeof partition>;
export type Publication = z.output<typeof publication>;
export type Subscription = z.output<typeof subscription>;
