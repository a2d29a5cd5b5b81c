import { call, Control, pause, waitUntilReady } from "./client";
import type { Address } from "../targets/target";
import { underPause } from "./underPause";
import { checkpoint, dismissKeepers, untilWritable, writableWays } from "./writable";

const READY_SECONDS = 60;

interface Waiting {
  address: Address;
  primary: boolean;
}

/** The members in which a setting waits for a restart. */
async function waitingMembers(control: Control): Promise<Waiting[]> {
  const states = await Promise.all(control.patroni.map(async (address) => ({ address, state: await call(control, address, "GET", "/patroni") })));
  return states.filter(({ state }) => state.pending_restart).map(({ address, state }) => ({ address, primary: state.role === "primary" }));
}

/**
 * Restarts, one after the other, the members that a setting waits in: standbys first unless `primaryFirst`; the primary
 * while the poolers hold the writers back. A standby may learn only from its restarted primary that it waits, hence the
 * second look. `settle`: seconds after which every member knows of a change.
 */
export async function restartWhereNeeded(control: Control, primaryFirst: boolean, settle: number): Promise<void> {
  for (const _look of ["first", "second"]) {
    await pause(settle * 1000);
    const waiting = await waitingMembers(control);
    if (!waiting.length) return;
    waiting.sort((a, b) => (primaryFirst ? -1 : 1) * (Number(a.primary) - Number(b.primary)));
    for (const { address, primary } of waiting) {
      await (primary ? restartPrimary(control, address) : restart(control, address));
      await waitUntilReady(control, READY_SECONDS);
    }
  }
}

async function restart(control: Control, address: Address): Promise<void> {
  await call(control, address, "POST", "/restart", { restart_pending: true });
}

async function restartPrimary(control: Control, address: Address): Promise<void> {
  const ways = await writableWays(control);
  await checkpoint(ways, control.authority);
  await underPause(control, {}, async (left) => {
    dismissKeepers(ways, control.authority);
    await restart(control, address);
    await untilWritable(ways, control.authority, left);
  });
}
