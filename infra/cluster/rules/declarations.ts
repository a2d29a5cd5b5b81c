import { contentRules, keyOf, Rule, twice } from "./contents";
import { locales } from "./locales";
import { packageRules } from "./packages";
import { Fault, fault } from "../../config/errors";
import { knownSettings } from "../settings";
import { findWrong } from "../settings/values";
import { ClusterSpec } from "../spec";

/** Names of databases and roles that the cluster itself has. */
const TAKEN = ["postgres", "template0", "template1", "pgbouncer", "pooler_admin", "replicator", "rewind", "monitoring", "public", "pgha", "none"];

export function isTaken(name: string): boolean {
  return TAKEN.includes(name) || name.startsWith("pg_");
}

/** What is declared and cannot work. */
export const declarationRules: Rule[] = [databaseNames, roleNames, roleReferences, databaseReferences, ...contentRules, roleSettings, locales, ...packageRules];

function databaseNames(spec: ClusterSpec): Fault[] {
  const { declaredDatabases: names, database } = spec;
  const pools = new Map([database, ...names].map((name) => [`${name}_ro`, name]));
  return [
    ...twice(names, (index) => `databases.${index}.name`),
    ...names.flatMap((name, index) => {
      const key = `databases.${index}.name`;
      if (name !== database && isTaken(name)) return [fault(key, `"${name}" is taken by a database or role of the cluster's own`, "choose another name")];
      if (pools.has(name)) return [fault(key, `"${name}" is the poolers' name for reading ${pools.get(name)}`, "choose another name")];
      return [];
    }),
  ];
}

/** Roles that the cluster makes for its databases. */
const madeRoles = ({ database, databases }: ClusterSpec) =>
  [database, `${database}_readonly`, ...databases.flatMap(({ name, owner }) => (name === database || owner === `${name}_owner` ? [`${name}_owner`] : []))];

function roleNames(spec: ClusterSpec): Fault[] {
  const declared = spec.roles.filter(({ made }) => !made);
  const standard = spec.roles.filter(({ made }) => made);
  const made = madeRoles(spec);
  const taken = (name: string) => isTaken(name) || made.includes(name);
  return [
    ...twice(declared.map(({ name }) => name), (index) => `roles.${index}.name`),
    ...declared.flatMap(({ name }, index) => (taken(name) ? [fault(`roles.${index}.name`, `"${name}" is a role that the cluster makes by itself`, "choose another name")] : [])),
    ...standard.filter(({ name, database }) =>
      (taken(name) && name !== database) || standard.find((each) => each.name === name)?.database !== database).map(({ name, database }) =>
      fault(`${keyOf(spec, database)}.roles`, `its standard role "${name}" is one of the cluster's or of another database`, `choose another name for the database, or set roles: none`)),
  ];
}

function roleReferences(spec: ClusterSpec): Fault[] {
  const { roles, database, databases } = spec;
  const known = new Set([...madeRoles(spec), ...roles.map(({ name }) => name)]);
  const check = (key: string, role: string | undefined, ...also: string[]) =>
    role === undefined || known.has(role) || also.includes(role) ? [] : [fault(key, `there is no role "${role}"`, "declare it under roles, or correct its spelling")];
  return [
    ...roles.flatMap(({ name, memberOf }, index) =>
      memberOf.flatMap((role, n) => {
        const key = `roles.${index}.memberOf.${n}`;
        if (role === name) return [fault(key, "a role cannot be a member of itself", "remove it")];
        return role.startsWith("pg_") ? [] : check(key, role);
      })),
    ...databases.flatMap((each) => {
      const key = keyOf(spec, each.name);
      const fixed = each.name === database && each.owner !== `${database}_owner`;
      return [
        ...(fixed ? [fault(`${key}.owner`, `the application database belongs to ${database}_owner`, "remove it")] : check(`${key}.owner`, each.owner)),
        ...each.schemas.flatMap(({ owner }, n) => check(`${key}.schemas.${n}.owner`, owner)),
        ...each.grants.flatMap(({ role }, n) => check(`${key}.grants.${n}.role`, role, "public", "monitoring")),
        ...each.defaultPrivileges.flatMap(({ role, owner }, n) =>
          [...check(`${key}.defaultPrivileges.${n}.role`, role, "public", "monitoring"), ...check(`${key}.defaultPrivileges.${n}.owner`, owner)]),
      ];
    }),
  ];
}

function databaseReferences({ databases, roles, slots }: ClusterSpec): Fault[] {
  const names = databases.map(({ name }) => name);
  const check = (key: string, name: string) => (names.includes(name) ? [] : [fault(key, `there is no database "${name}"`, `declare it under databases (there are ${names.join(", ")})`)]);
  return [
    ...roles.flatMap(({ database }, index) => check(`roles.${index}.database`, database)),
    ...slots.flatMap(({ database }, index) => check(`slots.${index}.database`, database)),
  ];
}

function roleSettings({ roles, version }: ClusterSpec): Fault[] {
  const known = knownSettings(version);
  return roles.flatMap(({ settings, memberOf }, index) =>
    Object.entries(settings).flatMap(([name, value]) => {
      const key = `roles.${index}.settings.${name}`;
      // A setting of ALTER ROLE that pg_settings does not show
      if (name === "role") return memberOf.includes(String(value)) ? [] : [fault(key, `it is no member of "${value}", so its logins would fail`, `add ${value} to memberOf`)];
      const setting = Object.keys(known).find((each) => each.toLowerCase() === name.toLowerCase());
      if (!setting) return name.includes(".") ? [] : [fault(key, `is not a setting of PostgreSQL ${version}`, "correct its spelling or remove it")];
      const wrong = findWrong(known[setting], value);
      return wrong ? [fault(key, wrong.problem, wrong.remedy)] : [];
    }));
}
