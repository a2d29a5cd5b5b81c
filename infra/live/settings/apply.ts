import { describeDrift } from "../drift";
import type { Control } from "../access";
import { ask, Json, pause } from "../patroni/client";
import { lowersShared, mergePatch } from "../patroni/configuration";
import { askMembers, restartWhereNeeded } from "../patroni/restart";
import { close, open } from "../postgres/sql";
import { reaching, reachingControl } from "../reach/reach";
import type { PostgresVersion } from "../../cluster/spec";
import { Effect, effectsOf } from "./effects";
import { compareServer, Expected } from "./expected";
import { refusedSettings } from "./inForce";
import { readServer } from "./server";

export interface SettingsInputs extends Expected {
  control: Control;
  version: PostgresVersion;
  /** None is declared; a refresh puts in how the primary differs. */
  drift: string[];
}

/** The live configuration; undefined while no member answers. */
export async function liveConfiguration({ control }: SettingsInputs): Promise<Json | undefined> {
  return reaching(control.reach, control.patroni, (patroni) => ask({ ...control, patroni }, "GET", "/config", undefined, 5)).catch(() => undefined);
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
 * A patch after which a server does not come back, or that the primary does not take, is taken back: no other server meets it.
 * Where a member does not answer, what restarts nothing is applied all the same.
 */
export async function applySettings(inputs: SettingsInputs, managed: unknown): Promise<SettingsInputs> {
  await reachingControl(inputs.control, (control) => apply({ ...inputs, control }, managed));
  return inputs;
}

async function apply({ control: whole, configuration, version }: SettingsInputs, managed: unknown): Promise<void> {
  const { answering, silent } = await askMembers(whole);
  const control = { ...whole, patroni: answering.map(({ address }) => address) };
  const live = await ask(control, "GET", "/config");
  const patch = mergePatch(live, configuration, managed);
  const changed = Object.keys(patch).length > 0;
  const away = silent.map(({ host, port }) => `${host}:${port}`).join(" and ");
  if (away) refuseRestart(effectsOf(live, configuration, version, (managed ?? {}) as Json), away);
  const before = changed ? await refusedSettings(control.writers, control.authority) : [];
  if (changed) await ask(control, "PATCH", "/config", patch);
  try {
    // Nobody is restarted while another one is away
    await (away ? pause(Number(configuration.loop_wait) * 1000 + 1000) : restartWhereNeeded(control, lowersShared(managed ?? live, configuration), changed));
    const refused = changed && before ? await refusedSettings(control.writers, control.authority) : [];
    const worse = (refused ?? ["a new session"]).filter((each) => !before?.includes(each));
    if (worse.length) throw new Error(`Postgres does not take ${worse.join("; ")}. It was taken back: a server would not start with it`);
  } catch (error) {
    if (changed) await ask(control, "PATCH", "/config", mergePatch(configuration, live, patch));
    throw error;
  }
}

/** Without a member only what restarts nothing can be set: what stops writes for want of a standby can be undone. Throws before anything is touched. */
function refuseRestart(effects: Effect[], away: string): void {
  const restarting = effects.filter(({ reach }) => reach === "restart").map(({ setting }) => setting);
  if (restarting.length)
    throw new Error(`Patroni at ${away} does not answer, and ${restarting.join(" and ")} needs a restart of every server: bring that one back first (npx pgha status). Nothing was changed`);
  console.error(`warning: Patroni at ${away} does not answer: its server takes the settings up when it is back, and nothing is restarted until then`);
}
