import * as pulumi from "@pulumi/pulumi";
import type { Certificate, CertificateAuthority } from "../certificates";
import { load } from "../plugin";
import type { DynamicConfiguration } from "../render/dynamic";
import type { Address } from "../targets/target";
import type { SettingsInputs } from "./patroni";

const patroni = () => load<typeof import("./patroni")>("settings/patroni");

const provider: pulumi.dynamic.ResourceProvider = {
  diff: async (_id, olds, news: SettingsInputs) => {
    const patch = patroni().mergePatch(olds.configuration, news.configuration, olds.configuration);
    return { changes: Object.keys(patch).length > 0 };
  },
  create: async (inputs: SettingsInputs) => ({ id: "config", outs: await patroni().applySettings(inputs, undefined) }),
  update: async (_id, olds, news: SettingsInputs) => ({ outs: await patroni().applySettings(news, olds.configuration) }),
  read: async (id, props) => {
    const inputs = props as SettingsInputs;
    const live = await patroni().liveConfiguration(inputs);
    return { id, props: live ? { ...inputs, configuration: patroni().managedPart(live, inputs.configuration) } : inputs };
  },
};

export interface DynamicSettingsArgs {
  patroni: Address[];
  authority: CertificateAuthority;
  operator: Certificate;
  configuration: DynamicConfiguration;
}

/**
 * Patroni's dynamic configuration in a running cluster: timers, replication mode, slots and Postgres settings. A change
 * is a patch of what differs; servers in which a setting waits for it are restarted one at a time.
 */
export class DynamicSettings extends pulumi.dynamic.Resource {
  constructor(name: string, args: DynamicSettingsArgs, opts?: pulumi.CustomResourceOptions) {
    const { patroni, authority, operator, configuration } = args;
    const inputs = { patroni, authority: authority.certificate, certificate: operator.certificate, key: operator.key, configuration };
    super(provider, name, inputs, { ...opts, additionalSecretOutputs: ["key"] }, "pgha", "DynamicSettings");
  }
}
