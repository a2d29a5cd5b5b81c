import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { ReachInputs } from "../reach/reach";
import type { LogDays } from "./apply";
import { headVersion, planMigrations, readSqlFiles } from "./migrations";
import { Schema } from "./provider";
import type { LogicalSlot } from "./slots";

export interface DatabaseArgs {
  /** Name of the application database, and of the role that reads and writes it: a plain identifier of at most 54 characters. */
  database: string;
  /** Logical slots of declared consumers, in the application database. */
  slots: LogicalSlot[];
  /** The log system; none when absent. */
  logs?: LogDays;
  /** Tried in turn until one leads to the primary: servers, or the proxies' write ports. */
  hosts: { host: string; port: number }[];
  /** Where these cannot be reached directly. */
  reach?: ReachInputs;
  /** PEM; the servers' certificates must be of it and name the hosts. */
  caCertificate: pulumi.Input<string>;
  /** Of the superuser `postgres`; a secret. */
  password: pulumi.Input<string>;
  /** Of the login roles; secrets of printable ASCII. */
  passwords: Record<"pgbouncer" | "monitoring" | "readWrite" | "readOnly", pulumi.Input<string>>;
  /** Values that change when the servers may hold other data, such as container ids: the schema is then checked against them again. */
  triggers?: pulumi.Input<pulumi.Input<string>[]>;
  /** How long to wait for a primary that takes writes. Seconds; default 120. */
  timeout?: number;
  /** Folder of the SQL files; default the project's sql/. */
  folder?: string;
}

/**
 * What the servers hold: the application database with its roles, schema and slots, from the files in sql/.
 * Deleting it deletes nothing.
 */
export class Database extends pulumi.ComponentResource {
  /** Number of the newest SQL file applied: "0003". */
  readonly version: pulumi.Output<string>;

  constructor(name: string, args: DatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pgha:database:Database", name, {}, opts);
    const { database, slots, hosts, reach, caCertificate, timeout, triggers = [] } = args;
    const { files, version } = readSchema(args.folder ?? path.join(__dirname, "../../sql"), database);
    const passwords = {
      pgbouncer: args.passwords.pgbouncer,
      monitoring: args.passwords.monitoring,
      [database]: args.passwords.readWrite,
      [`${database}_readonly`]: args.passwords.readOnly,
    };
    const schema = new Schema(`${name}-schema`, {
      hosts, reach, caCertificate, timeout, database, files, version, triggers, logs: args.logs,
      slots: slots.map(({ name, plugin }) => ({ name, plugin })),
      password: pulumi.secret(args.password),
      passwords: pulumi.secret(passwords),
    }, { parent: this, dependsOn: opts?.dependsOn });   // a component does not hand it on
    this.version = schema.version;
    this.registerOutputs({ version: this.version });
  }
}

/** Faults of the files show at preview, without a stack trace. */
function readSchema(folder: string, database: string) {
  try {
    const files = readSqlFiles(folder);
    return { files, version: headVersion(planMigrations(files, database).map(({ version }) => version)) };
  } catch (error) {
    throw new pulumi.RunError((error as Error).message);
  }
}
