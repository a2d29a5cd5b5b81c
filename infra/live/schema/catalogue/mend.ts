import { escapeLiteral } from "pg";
import { LISTS } from "../settingValue";
import { ANEW } from "../slots";
import type { Definition } from "./catalogue";

interface Case {
  declared?: Definition;
  live?: Definition;
  attribute?: string;
}

/** Without a refresh the engine knows of no difference. */
const UP = "npm run pulumi -- up --refresh";
/** What is dropped with the rows, or the place in them, that it holds. */
const HOLDERS = ["column", "table", "sequence", "schema", "database", "extension"];

/** What would make the live object as declared: SQL for a person to judge, or the command that does it. */
export function mend(object: string, found: Case): string {
  const [, kind, name] = object.match(/^(default privileges|event trigger|logical slot|\w+) (.*)$/s)!;
  if (!found.live) return missing(kind, name, found.declared!);
  if (!found.declared) return unexpected(kind, name, found.live);
  return different(kind, name, found.declared, found.live, found.attribute!);
}

function missing(kind: string, name: string, declared: Definition): string {
  if (kind === "column") return `ALTER TABLE ${declared.table} ADD COLUMN ${columnOf(name)} ${columnDefinition(declared)};`;
  if (kind === "constraint") return `ALTER TABLE ${declared.table} ADD CONSTRAINT ${partOf(name, declared)} ${declared.definition};`;
  if (kind === "view") return `CREATE ${declared.materialized === "true" ? "MATERIALIZED " : ""}VIEW ${name} AS ${declared.definition}`;
  if (kind === "setting") return alterSetting(name, settingTo(name, declared.value));
  if (kind === "table") return `${UP} does not make it again: restore ${name} from a backup, or run its migration's text by hand`;
  if (kind === "membership") return `${name.replace(/^of (.*) in (.*)$/, "GRANT $2 TO $1")};`;
  if (kind === "logical slot") return `whoever reads it has missed changes: ${ANEW}`;
  if (["index", "trigger", "function", "statistics", "rule"].includes(kind)) return `${declared.definition.replace(/;?\s*$/, "")};`;
  return UP;
}

function unexpected(kind: string, name: string, live: Definition): string {
  const part = partOf(name, live);
  if (HOLDERS.includes(kind) || live.materialized === "true")
    return "no DROP is proposed, since it may hold what is needed: have a file in sql/ make it or drop it, or: npx pgha drift --accept";
  switch (kind) {
    case "constraint": return `ALTER TABLE ${live.table} DROP CONSTRAINT ${part};`;
    case "trigger": case "policy": case "rule": return `DROP ${kind.toUpperCase()} ${part} ON ${live.table};`;
    case "setting": return alterSetting(name, `RESET ${name.split(" of ")[0]}`);
    case "membership": return `${name.replace(/^of (.*) in (.*)$/, "REVOKE $2 FROM $1")};`;
    case "logical slot": return `SELECT pg_drop_replication_slot('${name}');`;
    case "partitions": return `DELETE FROM partman.part_config WHERE parent_table = '${name.replace(/^of /, "")}';`;
    case "job": return `SELECT cron.unschedule('${name}');`;
    case "function": return `DROP ROUTINE ${name};`;
    case "default privileges": return rights(kind, name, live.rights.split(" ").filter((each) => each.startsWith("owner=")).join(" "), live);
    default: return `DROP ${kind.toUpperCase()} ${name};`;
  }
}

function different(kind: string, name: string, declared: Definition, live: Definition, attribute: string): string {
  const value = declared[attribute];
  const column = `ALTER TABLE ${declared.table} ALTER COLUMN ${columnOf(name)}`;
  if (attribute === "rights") return rights(kind, name, value, live);
  if (attribute === "owner") return `ALTER ${live.materialized === "true" ? "MATERIALIZED VIEW" : kind === "function" ? "ROUTINE" : kind.toUpperCase()} ${name} OWNER TO ${value};`;
  switch (`${kind}.${attribute}`) {
    case "column.type": return `${column} TYPE ${value};`;
    case "column.not null": return `${column} ${value === "true" ? "SET" : "DROP"} NOT NULL;`;
    case "column.default": return value === "none" ? `${column} DROP DEFAULT;` : `${column} SET DEFAULT ${value};`;
    case "column.compression": return `${column} SET COMPRESSION ${value};`;
    case "table.storage parameters": return storage(name, value, live[attribute]);
    case "table.persistence": return `ALTER TABLE ${name} SET ${value.toUpperCase()};`;
    case "table.row security": return `ALTER TABLE ${name} ${value === "off" ? "DISABLE" : value === "on" ? "ENABLE" : "FORCE"} ROW LEVEL SECURITY;`;
    case "table.replica identity": return `ALTER TABLE ${name} REPLICA IDENTITY ${value.toUpperCase()};`;
    case "trigger.enabled": return `ALTER TABLE ${declared.table} ${value === "no" ? "DISABLE" : "ENABLE"} TRIGGER ${partOf(name, declared)};`;
    case "index.valid": return `REINDEX INDEX CONCURRENTLY ${name};`;
    case "index.definition": return `DROP INDEX ${name}; ${value};`;
    case "constraint.definition": return `ALTER TABLE ${declared.table} DROP CONSTRAINT ${partOf(name, declared)}, ADD CONSTRAINT ${partOf(name, declared)} ${value};`;
    case "function.definition": case "trigger.definition": case "rule.definition": return `${value.replace(/^CREATE (?!OR REPLACE)/, "CREATE OR REPLACE ").replace(/;?\s*$/, "")};`;
    case "view.definition": return `CREATE OR REPLACE VIEW ${name} AS ${value}`;
    case "setting.value": return alterSetting(name, settingTo(name, value));
    case "database.connection limit": return `ALTER DATABASE ${name} CONNECTION LIMIT ${value};`;
    case "extension.version": return `ALTER EXTENSION ${name} UPDATE TO '${value}';`;
    case "logical slot.state": return `whoever reads it has missed changes: ${ANEW}`;
    case "role.connection limit": return `ALTER ROLE ${name} CONNECTION LIMIT ${value};`;
    case "role.valid until": return `ALTER ROLE ${name} VALID UNTIL '${value}';`;
    case "role.password": return `${UP} (the password is set again from the stack's secret)`;
    case "subscription.enabled": return `ALTER SUBSCRIPTION ${name} ${value === "true" ? "ENABLE" : "DISABLE"};`;
    case "partitions.premake": case "partitions.retention":
      return `UPDATE partman.part_config SET ${attribute} = ${value === "none" ? "NULL" : `'${value}'`} WHERE parent_table = '${name.replace(/^of /, "")}';`;
  }
  if (kind === "role") return `ALTER ROLE ${name} ${value === "true" ? "" : "NO"}${attribute.toUpperCase()};`;
  return `${UP}, or bring it back by hand to: ${value}`;
}

/** "positive on app.things" → positive. */
const partOf = (name: string, { table }: Definition) => name.slice(0, -` on ${table}`.length);

/** A list is kept as it is to be written. */
function settingTo(name: string, value: string): string {
  const setting = name.split(" of ")[0];
  return `SET ${setting} = ${LISTS.includes(setting.toLowerCase()) ? value : escapeLiteral(value)}`;
}

const columnOf = (name: string) => name.match(/("(?:[^"]|"")*"|[^.]+)$/)![0];

function columnDefinition({ type, default: value, generated, "not null": notNull }: Definition): string {
  const making = generated === "no" ? "" : generated.endsWith("identity") ? ` GENERATED ${generated.toUpperCase()}` : ` GENERATED ALWAYS AS (${generated}) STORED`;
  return `${type}${making}${value === "none" ? "" : ` DEFAULT ${value}`}${notNull === "true" && generated === "no" ? " NOT NULL" : ""}`;
}

/** "work_mem of role app in database shop" → ALTER ROLE app IN DATABASE shop …; */
function alterSetting(name: string, change: string): string {
  const [, role, database] = name.match(/ of (?:role (.*?))?(?: in )?(?:database (.*))?$/)!;
  if (!role) return `ALTER DATABASE ${database} ${change};`;
  return `ALTER ROLE ${role}${database ? ` IN DATABASE ${database}` : ""} ${change};`;
}

function storage(table: string, declared: string, live: string): string {
  const names = (text: string) => (text === "none" ? [] : text.split(", "));
  const set = names(declared).filter((each) => !names(live).includes(each));
  const kept = names(declared).map((each) => each.split("=")[0]);
  const reset = names(live).map((each) => each.split("=")[0]).filter((each) => !kept.includes(each));
  return [set.length && `ALTER TABLE ${table} SET (${set.join(", ")});`, reset.length && `ALTER TABLE ${table} RESET (${reset.join(", ")});`].filter(Boolean).join(" ");
}

/** "owner=SELECT app=SELECT,INSERT" → Map of role to privileges. */
function parseRights(text: string, owner: string): Map<string, string[]> {
  const items = text.split(" ").map((item) => item.match(/^(.*)=([A-Z,*]*)$/)).filter((item) => item !== null);
  return new Map(items.map(([, role, words]) => [role === "owner" ? owner : role, words.split(",")]));
}

function rights(kind: string, name: string, declared: string, live: Definition): string {
  const owner = live.owner ?? "its owner";
  const [wanted, found] = [parseRights(declared, owner), parseRights(live.rights, owner)];
  const part = columnOf(name);
  const [, whose, schema, kinds] = name.match(/^of (.*?)(?: in (.*))? on (.*)$/) ?? [];
  const prefix = kind === "default privileges" ? `ALTER DEFAULT PRIVILEGES FOR ROLE ${whose}${schema ? ` IN SCHEMA ${schema}` : ""} ` : "";
  const object = prefix ? kinds.toUpperCase() : kind === "column" ? live.table : `${{ view: "", table: "", function: "ROUTINE " }[kind] ?? `${kind.toUpperCase()} `}${name}`;
  const words = (privileges: string[] = [], besides: string[] = []) =>
    privileges.filter((each) => !besides.includes(each)).map((each) => each.replace("*", "") + (kind === "column" ? ` (${part})` : "")).join(", ");
  return [...new Set([...wanted.keys(), ...found.keys()])].flatMap((role) => {
    const grant = words(wanted.get(role), found.get(role));
    const revoke = words(found.get(role), wanted.get(role));
    return [...(revoke ? [`${prefix}REVOKE ${revoke} ON ${object} FROM ${role};`] : []), ...(grant ? [`${prefix}GRANT ${grant} ON ${object} TO ${role};`] : [])];
  }).join(" ") || UP;
}
