import type { NetworkInspectInfo } from "dockerode";
import type { Json, Properties, Resource } from "../resource";
import type { Schema } from "../schema";
import { docker, orUndefined } from "./client";
import { labelFields, labelList, labelMap } from "./labels";
import { replaced } from "./replaced";

const replace = true;
const computed = true;

export const networkSchema: Schema = {
  attachable: { kind: "boolean", replace },
  driver: { kind: "string", replace, computed },
  internal: { kind: "boolean", replace, computed },
  ipamConfigs: {
    kind: "objectSet",
    replace,
    computed,
    fields: {
      auxAddress: { kind: "map" },
      gateway: { kind: "string" },
      ipRange: { kind: "string" },
      subnet: { kind: "string" },
    },
  },
  ipamDriver: { kind: "string", replace, default: "default" },
  ipv6: { kind: "boolean", replace },
  labels: { kind: "objectSet", replace, fields: labelFields },
  name: { kind: "string", replace },
  options: { kind: "map", replace, computed },
  scope: { kind: "string", output: true },
};

interface IpamConfig {
  subnet?: string;
  gateway?: string;
  ipRange?: string;
  auxAddress?: Record<string, string>;
}

export const network: Resource = {
  ...replaced(networkSchema),

  async create(inputs) {
    const client = await docker();
    const created = await client.createNetwork({
      Name: inputs.name as string,
      CheckDuplicate: true,
      Driver: inputs.driver as string | undefined,
      Internal: (inputs.internal as boolean | undefined) ?? false,
      Attachable: (inputs.attachable as boolean | undefined) ?? false,
      EnableIPv6: (inputs.ipv6 as boolean | undefined) ?? false,
      Labels: labelMap(inputs.labels),
      Options: (inputs.options as Record<string, string> | undefined) ?? {},
      IPAM: {
        Driver: inputs.ipamDriver as string,
        Config: ((inputs.ipamConfigs ?? []) as IpamConfig[]).map(({ subnet, gateway, ipRange, auxAddress }) => ({
          ...(subnet && { Subnet: subnet }),
          ...(gateway && { Gateway: gateway }),
          ...(ipRange && { IPRange: ipRange }),
          ...(auxAddress && { AuxiliaryAddresses: auxAddress }),
        })) as never,
      },
    });
    return { id: created.id, state: inspectedNetwork(await created.inspect(), inputs) };
  },

  async read(id, state, inputs) {
    const inspected = await orUndefined((await docker()).getNetwork(id).inspect());
    return inspected && { state: inspectedNetwork(inspected, state), inputs };
  },

  async delete(id) {
    await orUndefined((await docker()).getNetwork(id).remove());
  },
};

function inspectedNetwork(inspected: NetworkInspectInfo, known: Properties): Properties {
  return {
    id: inspected.Id,
    name: inspected.Name,
    driver: inspected.Driver,
    internal: inspected.Internal,
    attachable: inspected.Attachable,
    ipv6: inspected.EnableIPv6,
    ipamDriver: inspected.IPAM?.Driver ?? "default",
    ipamConfigs: (inspected.IPAM?.Config ?? []).map(ipamConfig),
    labels: labelList(inspected.Labels, known.labels),
    options: { ...inspected.Options },
    scope: inspected.Scope,
  };
}

const ipamConfig = (config: any): Json => ({
  auxAddress: { ...config.AuxiliaryAddresses },
  gateway: config.Gateway ?? "",
  ipRange: config.IPRange ?? "",
  subnet: config.Subnet ?? "",
});
