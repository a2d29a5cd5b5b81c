import type { Drift } from "../drift";
import type { Json } from "../patroni/client";

/** What Patroni and its servers are to be set to. */
export interface Expected {
  /** Patroni's dynamic configuration. */
  configuration: Json;
  /** Lines of pg_hba.conf, in their order. */
  accessRules: string[];
}

/** What one server says of itself. Source: pg_settings, pg_file_settings, pg_hba_file_rules, pg_replication_slots. */
export interface ServerState {
  settings: { name: string; setting: string; unit: string | null; vartype: string; pending_restart: boolean }[];
  /** Of postgresql.auto.conf: what ALTER SYSTEM has set. */
  altered: { name: string; setting: string }[];
  /** Lines of its files that it does not take. */
  errors: string[];
  accessRules: string[];
  /** Physical slots that are not of a member. */
  slots: string[];
}

const UP = "npm run up";

/** Differences between Patroni's configuration in etcd and what is declared; whatever else somebody put there is one, too. */
export function compareConfiguration(expected: Json, live: Json): Drift[] {
  const [declared, found] = [flatten(expected), flatten(live)];
  return [...new Set([...Object.keys(declared), ...Object.keys(found)])].sort().flatMap((key): Drift[] => {
    const base = { where: "cluster", object: `Patroni's ${key}` };
    if (!(key in found)) return [{ ...base, change: "missing", declared: declared[key], mend: UP }];
    if (!(key in declared)) return [{ ...base, change: "unexpected", live: found[key], mend: key === "pause" ? "npx pgha resume" : `patronictl edit-config --set ${key}=null` }];
    return declared[key] === found[key] ? [] : [{ ...base, change: "different", attribute: "value", declared: declared[key], live: found[key], mend: UP }];
  });
}

/** Differences between one server and what is declared. `primary`: it must have the physical slots, and no others. */
export function compareServer(where: string, { configuration, accessRules }: Expected, server: ServerState, primary: boolean): Drift[] {
  const { parameters = {} } = (configuration.postgresql ?? {}) as { parameters?: Json };
  const slots = Object.keys((configuration.slots ?? {}) as Json);
  const altered = new Set(server.altered.map(({ name }) => name));
  return [
    ...server.altered.map(({ name, setting }): Drift => ({
      where, object: `setting ${name} by ALTER SYSTEM`, change: "unexpected", live: setting, mend: `ALTER SYSTEM RESET ${name}; SELECT pg_reload_conf();`,
    })),
    ...server.settings.filter(({ name }) => name in parameters && !altered.has(name)).flatMap((found): Drift[] => {
      const declared = String(parameters[found.name]);
      if (found.pending_restart || isValue(declared, found)) return [];
      return [{ where, object: `setting ${found.name}`, change: "different", attribute: "value", declared, live: `${found.setting}${found.unit ? ` × ${found.unit}` : ""}`,
        mend: "POST /reload of its Patroni, which writes its files anew" }];
    }),
    ...server.settings.filter(({ pending_restart }) => pending_restart).map(({ name }): Drift => ({
      where, object: `setting ${name}`, change: "different", attribute: "value in force", declared: String(parameters[name] ?? "changed"), live: "the one before", mend: `${UP} (restarts what waits for it)`,
    })),
    ...server.errors.map((error): Drift => ({ where, object: `file ${error}`, change: "unexpected", mend: "POST /reload of its Patroni, which writes its files anew" })),
    ...compareRules(where, accessRules, server.accessRules),
    ...(primary ? slots.filter((name) => !server.slots.includes(name)).map((name): Drift => ({ where, object: `physical slot ${name}`, change: "missing", mend: "Patroni makes it within loop_wait" })) : []),
    ...(primary ? server.slots.filter((name) => !slots.includes(name)).map((name): Drift => ({
      where, object: `physical slot ${name}`, change: "unexpected", mend: `SELECT pg_drop_replication_slot('${name}');` })) : []),
  ];
}

function compareRules(where: string, declared: string[], live: string[]): Drift[] {
  const mend = "POST /reload of its Patroni, which writes pg_hba.conf anew";
  const [wanted, found] = [declared.map(oneSpace), live.map(oneSpace)];
  const missing = wanted.filter((rule) => !found.includes(rule)).map((rule): Drift => ({ where, object: `pg_hba rule ${rule}`, change: "missing", mend }));
  const unexpected = found.filter((rule) => !wanted.includes(rule)).map((rule): Drift => ({ where, object: `pg_hba rule ${rule}`, change: "unexpected", mend }));
  if (missing.length || unexpected.length || wanted.join() === found.join()) return [...missing, ...unexpected];
  return [{ where, object: "pg_hba rules", change: "different", attribute: "order", declared: wanted.join("; "), live: found.join("; "), mend }];
}

const oneSpace = (text: string) => text.trim().replace(/\s+/g, " ");

/** { postgresql: { parameters: { work_mem: "9MB" } } } → { "postgresql.parameters.work_mem": "9MB" }. */
function flatten(value: unknown, path: string[] = []): Record<string, string> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return Object.assign({}, ...Object.entries(value).map(([key, inner]) => flatten(inner, [...path, key])));
  return { [path.join(".")]: typeof value === "string" ? value : JSON.stringify(value) };
}

const UNITS: Record<string, number> = { B: 1, kB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40, us: 1e-3, ms: 1, s: 1e3, min: 6e4, h: 36e5, d: 864e5 };

/** Whether a setting as one writes it ("64MB", 100, "on") is what pg_settings shows of it (8192 × 8kB). */
export function isValue(declared: string, { setting, unit, vartype }: { setting: string; unit: string | null; vartype: string }): boolean {
  if (vartype === "bool") return /^(on|true|yes|1)$/i.test(declared) === (setting === "on");
  // wal_compression: on is another word for pglz
  if (vartype === "enum") return toSwitch(declared) === toSwitch(setting) || (toSwitch(declared) === "on" && setting === "pglz");
  if (vartype === "string") return declared === setting;
  const [, amount, written] = declared.match(/^(-?[\d.]+)\s*(\w*)$/) ?? [];
  if (amount === undefined) return declared === setting;
  const [, count = "1", base] = unit?.match(/^(\d*)(\w+)$/) ?? [];
  const factor = written && base ? UNITS[written] / (Number(count || 1) * UNITS[base]) : 1;
  const value = Number(amount) * factor;
  return Math.abs(value - Number(setting)) <= (vartype === "integer" ? 0.5 : 1e-9);
}

const toSwitch = (text: string) => text.toLowerCase().replace(/^(true|yes|1)$/, "on").replace(/^(false|no|0)$/, "off");
