import * as pulumi from "@pulumi/pulumi";
import { load } from "./plugin";
import type { EngineInputs } from "../live/docker/engineIdentity";

const provider: pulumi.dynamic.ResourceProvider = {
  // A preview may be made where the cluster is not, and cannot tell then
  check: async (olds: EngineInputs, { preview, ...news }) => ({ inputs: { ...news, engine: (preview && olds.engine) || (await load().dockerEngine().engineNow()) } }),
  diff: async (_id, olds: EngineInputs, news: EngineInputs) => ({ changes: olds.engine.id !== news.engine.id || olds.engine.name !== news.engine.name }),
  create: async (inputs: EngineInputs) => ({ id: inputs.cluster, outs: inputs }),
  update: async (_id, olds: EngineInputs, news: EngineInputs) => {
    await load().dockerEngine().demandData(olds.engine, news);
    return { outs: news };
  },
};

/** Providers whose plugins are stand-ins: tools/engine says which. */
const standIns = () => (process.env.PGHA_STAND_INS ?? "").split(" ").filter(Boolean);

/**
 * Notes in the state which Docker engine has the cluster, and refuses another one, where an update would begin it anew
 * without its data. Protected, so that it outlives `npm run down` as the data does. The kind of plugin is noted as well:
 * another one is told and is no change.
 */
export class DockerEngine extends pulumi.dynamic.Resource {
  constructor(cluster: string, clusterId: pulumi.Output<string>, opts: pulumi.CustomResourceOptions) {
    const inputs = { stack: pulumi.getStack(), cluster, clusterId, standIns: standIns(), preview: pulumi.runtime.isDryRun() };
    super(provider, `${cluster}-engine`, inputs, { ...opts, protect: true }, "pgha", "DockerEngine");
  }
}
