import * as pulumi from "@pulumi/pulumi";
import { accessOf, type ControlArgs } from "./control";
import { load } from "./plugin";
import type { Access } from "../live/access";
import type { ReachInputs } from "./control";

/** Seconds: a first copy of the data, or a crash recovery, may be under way. */
const PATIENCE = 180;

async function wait(access: Access): Promise<void> {
  const { waitUntilReady } = load().patroni();
  const { reaching } = load().reach();
  await reaching(access.reach, access.patroni, (patroni) => waitUntilReady({ ...access, patroni }, PATIENCE));
}

const provider: pulumi.dynamic.ResourceProvider = {
  diff: async (_id, olds, news) => ({ changes: String(olds.servers) !== String(news.servers) }),
  create: async (inputs) => (await wait(inputs), { id: "ready", outs: inputs }),
  update: async (_id, _olds, news) => (await wait(news), { outs: news }),
};

export interface ClusterReadyArgs extends Pick<ControlArgs, "endpoints" | "authority" | "operator"> {
  reach?: ReachInputs;
  /** Change when a server is another one: it is waited for again. */
  servers: pulumi.Input<string>[];
}

/** Is there once every server takes queries and every standby streams. Servers start together, since one alone may have to wait for the others. */
export class ClusterReady extends pulumi.dynamic.Resource {
  constructor(name: string, { reach, servers, ...args }: ClusterReadyArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...accessOf(args), reach, servers }, { ...opts, additionalSecretOutputs: ["key"] }, "pgha", "ClusterReady");
  }
}
