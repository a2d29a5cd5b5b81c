import type { DatabaseDeclaration } from "../config/databases";

/** What decides a database's characters and the order of its texts, from its making on. */
export interface Locale {
  encoding: string;
  provider: "builtin" | "icu" | "libc";
  name: string;
}

/** Those that Postgres has by itself. Source: PostgreSQL's manual, 23.1.4. */
export const BUILTIN = ["C", "C.UTF-8", "PG_UNICODE_FAST"];
/** Those of the C library in a Debian without the package locales-all. */
export const IN_LIBRARY = ["C", "POSIX", "C.UTF-8"];

type Given = Pick<DatabaseDeclaration, "encoding" | "locale" | "localeProvider">;

/** undefined where nothing is declared: as the cluster was made, UTF8 in the order of code points. */
export function localeOf({ encoding: declared, locale, localeProvider }: Given): Locale | undefined {
  if ([declared, locale, localeProvider].every((given) => given === undefined)) return undefined;
  const encoding = declared ?? "UTF8";
  const name = locale ?? (encoding === "UTF8" ? "C.UTF-8" : "C");
  const provider = localeProvider ?? (BUILTIN.includes(name) ? "builtin" : "icu");
  return { encoding, provider, name: provider === "icu" ? canonical(name) ?? name : name };
}

/** "de_at" → "de-AT"; undefined for what is no language that ICU knows. */
export function canonical(name: string): string | undefined {
  try {
    const [tag] = Intl.getCanonicalLocales(name.replaceAll("_", "-"));
    return tag === "und" || tag.startsWith("und-") || Intl.Collator.supportedLocalesOf(tag).length ? tag : undefined;
  } catch {
    return undefined;
  }
}
