import * as pulumi from "@pulumi/pulumi";
import type { ControlInputs } from "./control";
import { load } from "./plugin";
import type { Control } from "../live/access";

interface Inputs {
  member: { name: string; order: string[] };
  fingerprint: string;
  control: Control;
}

const provider: pulumi.dynamic.ResourceProvider = {
  diff: async (_id, olds, news: Inputs) => ({ changes: olds.fingerprint !== news.fingerprint }),
  create: async ({ member, fingerprint }: Inputs) => ({ id: member.name, outs: { fingerprint } }),
  update: async (_id, _olds, { member, fingerprint, control }: Inputs) => {
    await load().leadership().leaveLeadership(member, control);
    return { outs: { fingerprint } };
  },
};

export interface HandoverArgs {
  /** `order` is that in which the members are replaced. */
  member: { name: string; order: string[] };
  /** Of all that would restart this member's Postgres, or replace its machine. */
  fingerprint: pulumi.Input<string>;
  control: ControlInputs;
}

/**
 * Runs right before a Postgres machine is replaced or restarted: waits until every other member is well, and moves the
 * primary while the poolers hold the writers back. Where it cannot, the machine hands over itself, with some errors.
 */
export class Handover extends pulumi.dynamic.Resource {
  constructor(name: string, args: HandoverArgs, opts: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args, control: pulumi.secret(args.control) }, { ...opts, additionalSecretOutputs: ["control"] }, "pgha", "Ec2Handover");
  }
}
