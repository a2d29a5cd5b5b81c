import { Fault, fault } from "../../config/errors";
import { BUILTIN, canonical, IN_LIBRARY, localeOf } from "../locale";
import { ClusterSpec } from "../spec";
import { keyOf } from "./contents";

/** Locales that CREATE DATABASE would refuse, or take and sort by none. */
export function locales(spec: ClusterSpec): Fault[] {
  return spec.databases.flatMap((database) => {
    const locale = localeOf(database);
    if (!locale) return [];
    const { encoding, provider, name } = locale;
    const refuse = (key: "locale" | "encoding", problem: string, remedy: string) => [fault(`${keyOf(spec, database.name)}.${key}`, problem, remedy)];
    if (encoding !== "UTF8" && name !== "C") return refuse("encoding", `${encoding} does not go with the locale ${name}`, "use UTF8, or locale C");
    if (provider === "builtin" && !BUILTIN.includes(name)) return refuse("locale", `Postgres has no ${name} by itself`, `use ${BUILTIN.join(", ")}, or localeProvider icu`);
    if (name === "PG_UNICODE_FAST" && spec.version < 18) return refuse("locale", "PG_UNICODE_FAST came with PostgreSQL 18", "use C.UTF-8, or postgres.version 18");
    if (provider === "icu" && !canonical(name)) return refuse("locale", `ICU knows no language ${name}`, "use C, C.UTF-8 or a language such as sv or de-AT");
    if (provider === "libc" && !IN_LIBRARY.includes(name) && !spec.packages.some((each) => /^locales-all\b/.test(each)))
      return refuse("locale", `the servers' C library has no ${name}`, "use icu, or add locales-all to postgres.packages");
    return [];
  });
}
