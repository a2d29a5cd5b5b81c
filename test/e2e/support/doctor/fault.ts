import type { Client } from "pg";

/** A Postgres server of its own, on which anything may be broken. */
export interface Bare {
  /** Opens a session, by default as superuser in the database that the fault is for. */
  session(options?: { user?: string; database?: string }): Promise<Client>;
  sql(statement: string, database?: string): Promise<unknown[]>;
}

export interface Fault {
  /** Id of the check that has to find it. */
  check: string;
  /** Makes it, in database `app` where the check looks at databases, else in `postgres`. */
  make: string[] | ((bare: Bare) => Promise<unknown>);
  /** What the finding has to say. */
  says: RegExp;
  /** Raises numbers of the rows to what takes hours, or terabytes, to come by itself. */
  later?: Record<string, unknown>;
  /** Days of statistics to pretend. */
  days?: number;
  /** Ends it: it would be in the way of others. */
  undo?: string[];
}

export const reload = (setting: string) => [`ALTER SYSTEM SET ${setting}`, "SELECT pg_reload_conf()", "SELECT pg_sleep(0.3)"];
export const reset = (name: string) => [`ALTER SYSTEM RESET ${name}`, "SELECT pg_reload_conf()", "SELECT pg_sleep(0.3)"];
