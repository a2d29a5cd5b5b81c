import { isDeepStrictEqual } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { load } from "./plugin";
import type { ReachInputs } from "./control";
import type { LogDays } from "../live/schema/apply";
import type { Watch } from "../live/schema/catalogue/record";
import type { Declared } from "../live/schema/declared/declare";
import type { SqlFiles } from "../live/schema/migrations";
import type { Applied } from "../live/schema/records";

/** In clear but for the passwords: a preview shows the text of each file that is to be applied, and the SQL of what is declared. */
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
  logs?: LogDays;
  declared: Declared;
  /** In what format the live catalogue is recorded: another one is recorded anew. */
  catalogue: string;
  watch: Watch;
  /** None is declared; a refresh puts in what it finds. */
  drift: string[];
  passwords: pulumi.Input<Record<string, pulumi.Input<string>>>;
  subscriptionPasswords: pulumi.Input<Record<string, pulumi.Input<string>>>;
  triggers: pulumi.Input<pulumi.Input<string>[]>;
}

type Inputs = pulumi.Unwrap<SchemaInputs>;
type State = Inputs & { checksums: Applied["checksums"] };

async function apply(inputs: Inputs, previous?: Inputs): Promise<State> {
  const { applySchema } = load().schema();
  const { checksums, version, warnings } = await applySchema(inputs, inputs, previous?.declared);
  for (const warning of warnings) console.error(warning);
  return { ...inputs, version, checksums };
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, State> = {
  create: async (inputs) => ({ id: inputs.database, outs: await apply(inputs) }),
  update: async (_id, olds, news) => ({ outs: await apply(news, olds) }),
  read: (id, state) => load().schemaRefresh().readLive(id, state!) as Promise<pulumi.dynamic.ReadResult<State>>,

  async diff(_id, olds, news) {
    const wanted: Partial<Inputs> = { ...news, timeout: olds.timeout };
    const changed = Object.keys(wanted).filter((key) => !key.startsWith("__"))
      .filter((key) => !isDeepStrictEqual(wanted[key as keyof Inputs], olds[key as keyof Inputs]));
    return { changes: changed.length > 0, replaces: changed.filter((key) => key === "database") };
  },

  // Databases, roles and slots go with the data, never by the engine.
  async delete() {},
};

/** The schema, roles and slots in the live databases of a cluster. */
export class Schema extends pulumi.dynamic.Resource {
  declare readonly version: pulumi.Output<string>;
  declare readonly checksums: pulumi.Output<Record<string, string>>;

  constructor(name: string, inputs: SchemaInputs, opts?: pulumi.CustomResourceOptions) {
    const secrets = ["password", "passwords", "subscriptionPasswords"];
    super(provider, name, { checksums: undefined, ...inputs }, { ...opts, additionalSecretOutputs: secrets }, "pgha", "Schema");
  }
}
