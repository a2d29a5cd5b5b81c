import { escapeLiteral } from "pg";

/** Settings whose value is a list of names. Source: GUC_LIST_QUOTE in PostgreSQL's guc_parameters.dat. */
export const LISTS = ["search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries"];
const FOLDED = ["search_path", "temp_tablespaces"];

/** A value as SET takes it. A list is read as in postgresql.conf: names with commas or capitals stand in double quotes. */
export function settingValue(setting: string, value: string | number | boolean): string {
  if (!LISTS.includes(setting)) return escapeLiteral(String(value));
  const names = [...String(value).matchAll(/\s*(?:"((?:[^"]|"")*)"|([^",]+))\s*(?:,|$)/g)];
  const fold = (name: string) => (FOLDED.includes(setting) ? name.toLowerCase() : name);
  return names.map(([, quoted, plain]) => escapeLiteral(quoted === undefined ? fold(plain.trim()) : quoted.replaceAll('""', '"'))).join(", ") || "''";
}
