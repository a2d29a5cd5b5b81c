import { escapeIdentifier, escapeLiteral } from "pg";

/**
 * One declared thing as SQL that may run again at any time. Of what is declared no more is undone what loses nothing; where the rest
 * would, it is kept and reported as long as `exists` finds it, with the way to drop it.
 */
export type Item = { sql: string; undo?: string } & ({ exists: string; drop: string } | { exists?: undefined; drop?: undefined });

/** By what a person would call it: "role reporting". */
export type Items = Record<string, Item>;

const ORDER = ["role", "membership", "setting", "database", "connection", "authentication", "maintenance", "schema", "extension", "partitions", "storage", "default", "grant", "publication", "schedule", "slot", "subscription"];

/** As they are to be applied, told by the first word of the key: the engine hands the keys of an object back in an order of its own. */
export function inOrder(items: Items): [string, Item][] {
  const rank = ([key]: [string, Item]) => ORDER.indexOf(key.split(" ")[0]);
  return Object.entries(items).sort((a, b) => rank(a) - rank(b));
}

export const identifier = (name: string) => escapeIdentifier(name);
export const literal = (value: string | number | boolean) => escapeLiteral(String(value));
/** "app.accounts" → "app"."accounts". */
export const qualified = (name: string) => name.split(".").map(identifier).join(".");
/** A role after GRANT … TO. */
export const grantee = (role: string) => (role === "public" ? "PUBLIC" : identifier(role));

/** There is no CREATE … IF NOT EXISTS for roles and publications. */
export const createOnce = (statement: string) =>
  `DO $$ BEGIN ${statement}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;`;
