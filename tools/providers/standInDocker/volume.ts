import type { VolumeInspectInfo } from "dockerode";
import type { Properties, Resource } from "../resource";
import type { Schema } from "../schema";
import { docker, orUndefined } from "./client";
import { labelFields, labelMap } from "./labels";
import { replaced } from "./replaced";

export const volumeSchema: Schema = {
  driver: { kind: "string", replace: true, computed: true },
  driverOpts: { kind: "map", replace: true },
  labels: { kind: "objectSet", replace: true, fields: labelFields },
  mountpoint: { kind: "string", output: true },
  name: { kind: "string", replace: true },
};

export const volume: Resource = {
  ...replaced(volumeSchema),

  async create(inputs) {
    const client = await docker();
    const name = inputs.name as string;
    await client.createVolume({
      Name: name,
      Driver: inputs.driver as string | undefined,
      DriverOpts: inputs.driverOpts as Record<string, string> | undefined,
      Labels: labelMap(inputs.labels),
    });
    const inspected = await client.getVolume(name).inspect();
    return { id: name, state: { ...inspectedVolume(inspected, inputs), driverOpts: inputs.driverOpts ?? null } };
  },

  async read(id, state, inputs) {
    const inspected = await orUndefined((await docker()).getVolume(id).inspect());
    return inspected && { state: inspectedVolume(inspected, state), inputs };
  },

  async delete(id) {
    await orUndefined((await docker()).getVolume(id).remove());
  },
};

function inspectedVolume(inspected: VolumeInspectInfo, known: Properties): Properties {
  return {
    id: inspected.Name,
    name: inspected.Name,
    driver: inspected.Driver,
    driverOpts: { ...inspected.Options },
    mountpoint: inspected.Mountpoint,
    labels: known.labels ?? [],
  };
}
