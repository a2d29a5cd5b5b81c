import * as pulumi from "@pulumi/pulumi";
import { ClusterSpec } from "../cluster/spec";
import { allServices, publishedPorts } from "../services";
import { load } from "./plugin";
import type { PreflightInputs } from "../live/docker/inspect";

async function pass(inputs: PreflightInputs): Promise<PreflightInputs> {
  const faults = await load().preflight().inspect(inputs);
  if (faults.length) throw new Error(`nothing was touched: ${faults.join("; also, ")}`);
  return inputs;
}

const provider: pulumi.dynamic.ResourceProvider = {
  diff: async (_id, olds, news: PreflightInputs) => ({
    changes: JSON.stringify([olds.hosts, olds.ports, olds.fixed]) !== JSON.stringify([news.hosts, news.ports, news.fixed]) || olds.clusterId !== news.clusterId,
  }),
  create: async (inputs: PreflightInputs) => ({ id: inputs.cluster, outs: await pass(inputs) }),
  update: async (_id, _olds, news: PreflightInputs) => ({ outs: await pass(news) }),
};

/** What the data on the volumes depends on: its major version, the size of the quorum, the database that clients are sent to. */
export function fixedLabels(spec: ClusterSpec): PreflightInputs["fixed"] {
  return [
    { label: "pgha.postgres", key: "postgres.version", value: String(spec.version) },
    { label: "pgha.etcd", key: "etcd.members", value: String(spec.etcd.length) },
    { label: "pgha.database", key: "database.name", value: spec.database },
  ];
}

/** Refuses to go on where the machine is not free for this cluster. Everything on the engine depends on it. */
export class Preflight extends pulumi.dynamic.Resource {
  constructor(spec: ClusterSpec, clusterId: pulumi.Output<string>, opts: pulumi.CustomResourceOptions) {
    const hosts = allServices.flatMap((service) => service.servers(spec)).map(({ host }) => host);
    const ports = publishedPorts(spec).map(({ key, number }) => ({ key, port: number }));
    super(provider, `${spec.name}-preflight`, { stack: pulumi.getStack(), cluster: spec.name, clusterId, hosts, ports, fixed: fixedLabels(spec) }, opts, "pgha", "Preflight");
  }
}
