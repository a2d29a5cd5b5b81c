import { describeDrift } from "../database/catalogue/drift";
import { ask, Control, Json } from "../patroni/client";
import { lowersShared, mergePatch } from "../patroni/configuration";
import { restartWhereNeeded } from "../patroni/restart";
import { close, open } from "../patroni/sql";
import { reaching, reachingControl } from "../reach/reach";
import { compareServer, Expected } from "./expected";
import { readServer } from "./server";

export interface SettingsInputs extends Expected {
  control: Control;
  /** None is declared; a refresh puts in how the primary differs. */
  drift: string[];
}

/** The live configuration; undefined while no member answers. */
export async function liveConfiguration({ control }: SettingsInputs): Promise<Json | undefined> {
  return reaching(control.reach, control.patroni, (patroni) => ask({ ...control, patroni }, "GET", "/config")).catch(() => undefined);
}

const PATIENCE_MS = 10_000;

/** How the primary's own settings and access rules differ, a line each; undefined while there is none to ask. */
export async function primaryDrift({ control, configuration, accessRules }: SettingsInputs): Promise<string[] | undefined> {
  try {
    return await reachingControl(control, async (reached) => {
      const { members } = await ask(reached, "GET", "/cluster");
      const client = await open(reached.writers[0], reached.authority, PATIENCE_MS);
      try {
        const server = await readServer(client, (members as { name: string }[]).map(({ name }) => name));
        return compareServer("primary", { configuration, accessRules }, server, true).map((each) => `${describeDrift(each)}; mend: ${each.mend}`);
      } finally {
        close(client);
      }
    });
  } catch (error) {
    console.error(`the primary was not compared with its settings: ${(error as Error).message}`);
    return undefined;
  }
}

/**
 * Patches what differs, and restarts the servers in which a setting waits for it, also from an update that failed half-way.
 * A patch after which a server does not come back is taken back, so that no other server meets it.
 */
export async function applySettings(inputs: SettingsInputs, managed: unknown): Promise<SettingsInputs> {
  await reachingControl(inputs.control, (control) => apply({ ...inputs, control }, managed));
  return inputs;
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
