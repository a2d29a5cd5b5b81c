import { isDeepStrictEqual } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import type { ReachInputs } from "../reach/reach";
import type { LogDays } from "./apply";
import type { SqlFiles } from "./migrations";
import type { Applied } from "./records";
import type { LogicalSlot } from "./slots";

/** In clear but for the passwords: a preview shows the text of each file that is to be applied. */
export interface SchemaInputs {
  hosts: { host: string; port: number }[];
  reach?: ReachInputs;
  caCertificate: pulumi.Input<string>;
  password: pulumi.Input<string>;
  timeout?: number;
  database: string;
  files: SqlFiles;
  /** The one that the files make: "0003". */
  version: string;
  slots: LogicalSlot[];
  logs?: LogDays;
  passwords: pulumi.Input<Record<string, pulumi.Input<string>>>;
  triggers: pulumi.Input<pulumi.Input<string>[]>;
}

type Inputs = pulumi.Unwrap<SchemaInputs>;
type State = Inputs & { checksums: Applied["checksums"] };

/**
 * Pulumi keeps the text of this object in the state and runs it in a process of its own, so it holds no more than the way to the code:
 * apply.ts of the project's own folder, in which the engine starts that process.
 */
const provider: pulumi.dynamic.ResourceProvider<Inputs, State> = {
  async create(inputs) {
    require("tsx/cjs");
    const { checksums, version } = await require(`${process.cwd()}/infra/database/apply`).applySchema(inputs, inputs);
    return { id: inputs.database, outs: { ...inputs, version, checksums } };
  },

  async update(_id, olds, news) {
    require("tsx/cjs");
    const { checksums, version } = await require(`${process.cwd()}/infra/database/apply`).applySchema(news, news, olds.slots);
    return { outs: { ...news, version, checksums } };
  },

  async diff(_id, olds, news) {
    const wanted: Partial<Inputs> = { ...news, timeout: olds.timeout };
    const changed = Object.keys(wanted).filter((key) => !key.startsWith("__"))
      .filter((key) => !isDeepStrictEqual(wanted[key as keyof Inputs], olds[key as keyof Inputs]));
    return { changes: changed.length > 0, replaces: changed.filter((key) => key === "database") };
  },

  async read(id, state) {
    require("tsx/cjs");
    return require(`${process.cwd()}/infra/database/live`).readLive(id, state);
  },

  // Databases, roles and slots go with the data, never by the engine.
  async delete() {},
};

/** The schema, roles and slots in the live databases of a cluster. */
export class Schema extends pulumi.dynamic.Resource {
  declare readonly version: pulumi.Output<string>;

  constructor(name: string, inputs: SchemaInputs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...inputs }, { ...opts, additionalSecretOutputs: ["password", "passwords"] }, "pgha", "Schema");
  }
}
