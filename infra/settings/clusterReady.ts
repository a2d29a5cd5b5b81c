import * as pulumi from "@pulumi/pulumi";
import type { Certificate, CertificateAuthority } from "../certificates";
import { load } from "../plugin";
import type { Address } from "../targets/target";
import type { Access } from "../patroni/client";
import type { ReachInputs } from "../reach/reach";

/** Seconds: a first copy of the data, or a crash recovery, may be under way. */
const PATIENCE = 180;

async function wait(access: Access): Promise<void> {
  const { waitUntilReady } = load<typeof import("../patroni/client")>("patroni/client");
  const { reaching } = load<typeof import("../reach/reach")>("reach/reach");
  await reaching(access.reach, access.patroni, (patroni) => waitUntilReady({ ...access, patroni }, PATIENCE));
}

const provider: pulumi.dynamic.ResourceProvider = {
  diff: async (_id, olds, news) => ({ changes: String(olds.servers) !== String(news.servers) }),
  create: async (inputs) => (await wait(inputs), { id: "ready", outs: inputs }),
  update: async (_id, _olds, news) => (await wait(news), { outs: news }),
};

export interface ClusterReadyArgs {
  patroni: Address[];
  authority: CertificateAuthority;
  operator: Certificate;
  reach?: ReachInputs;
  /** Change when a server is another one: it is waited for again. */
  servers: pulumi.Input<string>[];
}

/** Is there once every server takes queries and every standby streams. Servers start together, since one alone may have to wait for the others. */
export class ClusterReady extends pulumi.dynamic.Resource {
  constructor(name: string, { patroni, authority, operator, reach, servers }: ClusterReadyArgs, opts?: pulumi.CustomResourceOptions) {
    const inputs = { patroni, authority: authority.certificate, certificate: operator.certificate, key: operator.key, reach, servers };
    super(provider, name, inputs, { ...opts, additionalSecretOutputs: ["key"] }, "pgha", "ClusterReady");
  }
}
