import * as pulumi from "@pulumi/pulumi";
import { load } from "./plugin";

interface Inputs {
  host: string;
  instance: string;
  region: string;
  commands: string;
}

interface State extends Inputs {
  /** What was run on which machine, and ended well. */
  done: string;
}

/** Whatever fails leaves the state as it was, so that the next update begins with the same machine. */
const provider: pulumi.dynamic.ResourceProvider<Inputs, State> = {
  diff: async (_id, { done }, { instance, commands }) => ({ changes: done !== `${instance} ${commands}` }),
  create: async (inputs) => {
    await load().rollOut().rollOut(inputs);
    return { id: inputs.host, outs: { ...inputs, done: `${inputs.instance} ${inputs.commands}` } };
  },
  update: async (_id, _olds, inputs) => {
    await load().rollOut().rollOut(inputs);
    return { outs: { ...inputs, done: `${inputs.instance} ${inputs.commands}` } };
  },
};

export type RolloutArgs = { [K in keyof Inputs]: pulumi.Input<Inputs[K]> };

/** Runs on a machine what makes it as its bundle says, and is there when that has ended well; fails with the machine's own last lines. */
export class Rollout extends pulumi.dynamic.Resource {
  constructor(name: string, args: RolloutArgs, opts: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args }, opts, "pgha", "Ec2Rollout");
  }
}
