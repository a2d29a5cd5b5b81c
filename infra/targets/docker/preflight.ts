import * as pulumi from "@pulumi/pulumi";
import { ClusterSpec } from "../../cluster/spec";
import { load } from "../../plugin";
import type { PreflightInputs } from "./inspect";

async function pass(inputs: PreflightInputs): Promise<PreflightInputs> {
  const faults = await load<typeof import("./inspect")>("targets/docker/inspect").inspect(inputs);
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
    const hosts = [...spec.etcd, ...spec.members, ...spec.proxies, ...spec.poolers, ...(spec.backup?.servers ?? [])].map(({ host }) => host);
    const ports = [
      ...spec.poolers.map(({ port }) => ({ key: "ports.pgbouncer", port })),
      ...spec.proxies.map(({ writePort }) => ({ key: "ports.write", port: writePort })),
      ...spec.proxies.map(({ readPort }) => ({ key: "ports.read", port: readPort })),
      ...spec.proxies.map(({ statsPort }) => ({ key: "ports.stats", port: statsPort })),
      ...spec.members.map(({ patroniPort }) => ({ key: "ports.patroni", port: patroniPort })),
    ];
    super(provider, `${spec.name}-preflight`, { stack: pulumi.getStack(), cluster: spec.name, clusterId, hosts, ports, fixed: fixedLabels(spec) }, opts, "pgha", "Preflight");
  }
}
