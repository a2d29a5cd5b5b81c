import * as pulumi from "@pulumi/pulumi";
import type { PostgresVersion } from "../cluster/spec";
import type { ControlInputs } from "./control";
import { load } from "./plugin";
import type { DynamicConfiguration } from "../render/dynamic";
import type { SettingsInputs } from "../live/settings/apply";

const settings = () => load().settings();
const effects = () => load().effects();
const patches = () => load().configuration();

const provider: pulumi.dynamic.ResourceProvider = {
  // Of no effect itself: it tells whoever reads a preview what each change will do to the running servers
  check: async (olds, news: SettingsInputs) => {
    const managed = olds.configuration;
    if (managed === undefined) return { inputs: news };
    const live = (await settings().liveConfiguration(news)) ?? managed;
    const { effectsOf, describeEffect } = effects();
    const changes = effectsOf(live, news.configuration, news.version, managed);
    return { inputs: { ...news, effect: Object.fromEntries(changes.map((change) => [change.setting, describeEffect(change)])) } };
  },
  diff: async (_id, olds, news: SettingsInputs) => {
    // What is live counts, where it can be asked for: an update may have failed half-way, or somebody changed it by hand
    const live = await settings().liveConfiguration(news);
    const patch = patches().mergePatch(live ?? olds.configuration, news.configuration, olds.configuration);
    const rules = JSON.stringify(news.accessRules) !== JSON.stringify(olds.accessRules);
    return { changes: Object.keys(patch).length > 0 || rules || olds.drift?.length > 0 };
  },
  create: async (inputs: SettingsInputs) => ({ id: "config", outs: await settings().applySettings(inputs, undefined) }),
  update: async (_id, olds, news: SettingsInputs) => ({ outs: await settings().applySettings(news, olds.configuration) }),
  read: async (id, props) => {
    const inputs = props as SettingsInputs;
    const live = await settings().liveConfiguration(inputs);
    const drift = (inputs.accessRules && (await settings().primaryDrift(inputs))) ?? inputs.drift;
    return { id, props: { ...inputs, drift, ...(live && { configuration: patches().managedPart(live, inputs.configuration) }) } };
  },
};

export interface DynamicSettingsArgs {
  control: ControlInputs;
  configuration: DynamicConfiguration;
  /** Major version: it knows which settings need a restart. */
  version: PostgresVersion;
  /** Lines of pg_hba.conf, that a refresh compares the primary's with. */
  accessRules: string[];
}

/**
 * Patroni's dynamic configuration in a running cluster: timers, replication mode, slots and Postgres settings. A change
 * is a patch of what differs; servers in which a setting waits for it are restarted one at a time, the primary while the
 * poolers hold the writers back.
 */
export class DynamicSettings extends pulumi.dynamic.Resource {
  constructor(name: string, args: DynamicSettingsArgs, opts?: pulumi.CustomResourceOptions) {
    const { control, configuration, version, accessRules } = args;
    const inputs = { control: pulumi.secret(control), configuration, version, accessRules, drift: [] };
    super(provider, name, inputs, { ...opts, additionalSecretOutputs: ["control"] }, "pgha", "DynamicSettings");
  }
}
