import type { Client } from "pg";
import type { Locale } from "../../cluster/locale";
import { literal } from "./declared/item";

interface Named {
  name: string;
  locale?: Locale;
}

const describe = ({ encoding, provider, name }: Locale) => `${encoding}, ${name} by ${provider}`;
/** C is the order of bytes, whoever compares. */
const order = ({ provider, name }: Locale) => (/^(C|POSIX)$/.test(name) ? "C" : `${provider} ${name.toLowerCase()}`);

/** Throws where a database that is there has another locale than is declared: nothing can give it one afterwards. */
export async function refuseOtherLocale(client: Client, databases: Named[]): Promise<void> {
  const { rows } = await client.query<Locale & { database: string }>(`SELECT datname AS database, pg_encoding_to_char(encoding) AS encoding,
      CASE datlocprovider WHEN 'b' THEN 'builtin' WHEN 'i' THEN 'icu' ELSE 'libc' END AS provider, coalesce(datlocale, datcollate) AS name FROM pg_database`);
  const others = databases.flatMap(({ name, locale }) => {
    const live = rows.find(({ database }) => database === name);
    if (!locale || !live || (live.encoding === locale.encoding && order(live) === order(locale))) return [];
    return [`database ${name} was made with ${describe(live)}, declared is ${describe(locale)}: neither can be changed. Declare what it has, or make a database of another name and restore a dump into it`];
  });
  if (others.length) throw new Error(`${others.join("\n")}\nNothing was changed.`);
}

export async function createDatabase(client: Client, { name, locale }: Named): Promise<void> {
  const { rows } = await client.query("SELECT FROM pg_database WHERE datname = $1", [name]);
  if (!rows.length) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}${locale ? ` ${creation(locale)}` : ""}`);
}

/** Another locale than the cluster's needs the template that holds nothing. */
export function creation({ encoding, provider, name }: Locale): string {
  // What the C library still does: classes of letters outside of the database's order
  const library = provider === "libc" || name === "C" ? name : "C.UTF-8";
  const own = { builtin: `BUILTIN_LOCALE ${literal(name)} `, icu: `ICU_LOCALE ${literal(name)} `, libc: "" }[provider];
  return `TEMPLATE template0 ENCODING ${literal(encoding)} LOCALE_PROVIDER ${provider} ${own}LC_COLLATE ${literal(library)} LC_CTYPE ${literal(library)}`;
}
