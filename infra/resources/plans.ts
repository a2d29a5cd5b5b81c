import * as pulumi from "@pulumi/pulumi";
import type { Control } from "../live/access";
import type { ControlInputs } from "./control";
import { load } from "./plugin";

interface Inputs {
  control: Control;
  database: string;
  checksums: Record<string, string>;
}

async function renew({ control, database }: Inputs): Promise<void> {
  const { freshPlans } = load().freshPlans();
  const silent = await freshPlans(control, [database]);
  if (silent.length)
    console.error(`the poolers ${silent.join(", ")} did not take RECONNECT: where a file changed a table, their clients may see "cached plan must not change result type" for up to an hour`);
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
  diff: async (_id, olds, news) => ({ changes: JSON.stringify(olds.checksums) !== JSON.stringify(news.checksums) }),
  create: async (inputs) => (await renew(inputs), { id: "plans", outs: inputs }),
  update: async (_id, _olds, news) => (await renew(news), { outs: news }),
};

export interface PlansArgs {
  control: ControlInputs;
  /** Where files were applied. */
  database: string;
  /** Of the files that were: others are a change. */
  checksums: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/** No client's statement runs by a plan from before a migration: the poolers' connections are made anew after it. */
export class Plans extends pulumi.dynamic.Resource {
  constructor(name: string, { control, ...args }: PlansArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { control: pulumi.secret(control), ...args }, { ...opts, additionalSecretOutputs: ["control"] }, "pgha", "Plans");
  }
}
