import type { Control } from "../access";
import { ask, pause as sleep } from "./client";
import { askMembers } from "./restart";

const LIMIT_MS = 60_000;

/** Turns Patroni's maintenance mode on or off, and waits until every member that answers knows. Returns false where it was so already. */
export async function setMaintenance(control: Control, on: boolean): Promise<boolean> {
  const { pause: live = false } = await ask(control, "GET", "/config", undefined, 5);
  if (live === on) return false;
  await ask(control, "PATCH", "/config", { pause: on || null });
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const { answering } = await askMembers(control);
    if (answering.every(({ paused }) => paused === on)) return true;
    if (Date.now() > deadline) throw new Error(`not every member has taken it up: ${answering.filter(({ paused }) => paused !== on).map(({ name }) => name).join(", ")}`);
    await sleep(500);
  }
}
