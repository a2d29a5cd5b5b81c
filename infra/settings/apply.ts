import { ask, Control, Json } from "../patroni/client";
import { lowersShared, mergePatch } from "../patroni/configuration";
import { restartWhereNeeded } from "../patroni/restart";
import { reaching, reachingControl } from "../reach/reach";

export interface SettingsInputs {
  control: Control;
  configuration: Json;
}

/** The live configuration; undefined while no member answers. */
export async function liveConfiguration({ control }: SettingsInputs): Promise<Json | undefined> {
  return reaching(control.reach, control.patroni, (patroni) => ask({ ...control, patroni }, "GET", "/config")).catch(() => undefined);
}

/**
 * Patches what differs, and restarts the servers in which a setting waits for it, also from an update that failed half-way.
 * A patch after which a server does not come back is taken back, so that no other server meets it.
 */
export async function applySettings(inputs: SettingsInputs, managed: unknown): Promise<SettingsInputs> {
  await reachingControl(inputs.control, (control) => apply({ ...inputs, control }, managed));
  return { control: inputs.control, configuration: inputs.configuration };
}

async function apply({ control, configuration }: SettingsInputs, managed: unknown): Promise<void> {
  const live = await ask(control, "GET", "/config");
  const patch = mergePatch(live, configuration, managed);
  const changed = Object.keys(patch).length > 0;
  if (changed) await ask(control, "PATCH", "/config", patch);
  try {
    await restartWhereNeeded(control, lowersShared(managed ?? live, configuration), changed ? Number(configuration.loop_wait) + 1 : 0);
  } catch (error) {
    if (changed) await ask(control, "PATCH", "/config", mergePatch(configuration, live, patch));
    throw error;
  }
}
