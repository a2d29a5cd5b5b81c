import * as pulumi from "@pulumi/pulumi";
import type { ControlInputs } from "./control";
import { load } from "./plugin";
import type { Control } from "../live/access";

interface Inputs {
  members: string[];
  control: Control;
}

const provider: pulumi.dynamic.ResourceProvider = {
  diff: async (_id, olds: Inputs, news: Inputs) => {
    const ways = ({ members, control: { patroni, poolers, writers } }: Inputs) => String([members, patroni.map(({ host, port }) => `${host}:${port}`), poolers, writers]);
    return { changes: ways(olds) !== ways(news) };
  },
  create: async (inputs: Inputs) => ({ id: "succession", outs: inputs }),
  update: async (_id, olds: Inputs, news: Inputs) => {
    // The ways to the cluster as it still is
    const { patroni, poolers, writers } = olds.control;
    await load().leadership().stayWithin(news.members, { ...news.control, patroni, poolers, writers });
    return { outs: news };
  },
};

/** Before anything is replaced or goes: where the primary is a member that the configuration no longer has, it hands over to one that stays. */
export class Succession extends pulumi.dynamic.Resource {
  constructor(name: string, args: { members: string[]; control: ControlInputs }, opts: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args, control: pulumi.secret(args.control) }, { ...opts, additionalSecretOutputs: ["control"] }, "pgha", "Succession");
  }
}
