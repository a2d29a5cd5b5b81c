import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterSpec } from "../cluster/spec";
import type { ControlInputs, ReachInputs } from "./control";
import type { LogDays } from "../live/schema/apply";
import { FORMAT } from "../live/schema/catalogue/queries";
import { declare } from "../live/schema/declared/declare";
import { headVersion, planMigrations, readSqlFiles } from "../live/schema/migrations";
import { Plans } from "./plans";
import { Schema } from "./schema";

export interface DatabaseArgs {
  /** What the databases are to hold; the application database's name is that of the role that reads and writes it, too. */
  spec: ClusterSpec;
  /** The log system; none when absent. */
  logs?: LogDays;
  /** Tried in turn until one leads to the primary: servers, or the proxies' write ports. */
  hosts: { host: string; port: number }[];
  /** Where these cannot be reached directly. */
  reach?: ReachInputs;
  /** The poolers, that follow a change of tables. */
  control: ControlInputs;
  /** PEM; the servers' certificates must be of it and name the hosts. */
  caCertificate: pulumi.Input<string>;
  /** Of the superuser `postgres`; a secret. */
  password: pulumi.Input<string>;
  /** Of the login roles; secrets of printable ASCII. */
  passwords: Record<"pgbouncer" | "monitoring" | "readWrite" | "readOnly", pulumi.Input<string>>;
  /** Of the declared roles that log in; as `passwords`. */
  rolePasswords: Record<string, pulumi.Input<string>>;
  /** Of the declared subscriptions, at their publishers; secrets. */
  subscriptionPasswords: Record<string, pulumi.Input<string>>;
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
    const { spec, hosts, reach, caCertificate, timeout, triggers = [] } = args;
    const { database } = spec;
    const { files, version } = readSchema(args.folder ?? path.join(process.cwd(), "sql"), spec);
    const passwords = {
      pgbouncer: args.passwords.pgbouncer,
      monitoring: args.passwords.monitoring,
      [database]: args.passwords.readWrite,
      [`${database}_readonly`]: args.passwords.readOnly,
      ...args.rolePasswords,
    };
    const schema = new Schema(`${name}-schema`, {
      hosts, reach, caCertificate, timeout, database, files, version, triggers, logs: args.logs,
      declared: declare(spec, files),
      catalogue: FORMAT,
      watch: spec.drift,
      drift: [],
      password: pulumi.secret(args.password),
      passwords: pulumi.secret(passwords),
      subscriptionPasswords: pulumi.secret(args.subscriptionPasswords),
    }, { parent: this, dependsOn: opts?.dependsOn });   // a component does not hand it on
    new Plans(`${name}-plans`, { control: args.control, database, checksums: schema.checksums }, { parent: this });
    this.version = schema.version;
    this.registerOutputs({ version: this.version });
  }
}

/** Faults of the files show at preview, without a stack trace. */
function readSchema(folder: string, { database, examples }: ClusterSpec) {
  try {
    const files = readSqlFiles(folder, examples);
    return { files, version: headVersion(planMigrations(files, database)) };
  } catch (error) {
    throw new pulumi.RunError((error as Error).message);
  }
}
