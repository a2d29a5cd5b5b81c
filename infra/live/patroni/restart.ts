import type { Control } from "../access";
import { Answered, call, Json, pause, waitUntilReady } from "./client";
import type { Address } from "../../cluster/endpoints";
import { Overdue, PauseOptions, underPause } from "../pooler/underPause";
import { checkpoint, dismissKeepers, untilWritable, writableWays } from "../postgres/writable";

const READY_SECONDS = 60;
/** A member that takes longer does not answer. Seconds. */
const ANSWER_SECONDS = 5;
/** What Patroni answers where nothing waits for the restart. */
const UNMET = /restart conditions are not satisfied/;
/** The longest that a busy member may take to read what stands in etcd. */
const TAKEN_SECONDS = 60;

export interface Answering {
  address: Address;
  name: string;
  primary: boolean;
  /** A setting waits in it for a restart. */
  waits: boolean;
  /** In maintenance mode. */
  paused: boolean;
  /** When it last read from etcd, by its own clock. Whole seconds. */
  seen: number;
}

/** Asks each member; `silent`: where nobody answers. */
export async function askMembers(control: Pick<Control, "patroni" | "authority" | "certificate" | "key">): Promise<{ answering: Answering[]; silent: Address[] }> {
  const ask = async (address: Address) => {
    const state = await call(control, address, "GET", "/patroni", undefined, ANSWER_SECONDS).catch(() => undefined);
    const name = String((state?.patroni as Json | undefined)?.name);
    return { address, state: state && { address, name, primary: state.role === "primary", waits: Boolean(state.pending_restart), paused: state.pause === true, seen: Number(state.dcs_last_seen) } };
  };
  const asked = await Promise.all(control.patroni.map(ask));
  return { answering: asked.flatMap(({ state }) => state ?? []), silent: asked.flatMap(({ address, state }) => (state ? [] : [address])) };
}

/**
 * Restarts, one after the other, the members that a setting waits in: standbys first unless `primaryFirst`; the primary
 * while the poolers hold the writers back. A standby may learn only from its restarted primary that it waits, hence the
 * second look. `changed`: each look is taken when every member has the settings of now.
 */
export async function restartWhereNeeded(control: Control, primaryFirst: boolean, changed: boolean): Promise<void> {
  for (const _look of ["first", "second"]) {
    if (changed) await untilTaken(control);
    const waiting = (await askMembers(control)).answering.filter(({ waits }) => waits);
    if (!waiting.length) return;
    await restartMembers(control, waiting, { primaryFirst, onlyWaiting: true });
  }
}

/** Waits until every member has read from etcd twice: what it read first it has then put into force. Throws after TAKEN_SECONDS, with their names. */
async function untilTaken(control: Control): Promise<void> {
  const deadline = Date.now() + TAKEN_SECONDS * 1000;
  const reads = new Map<string, Set<number>>();
  for (;;) {
    const { answering } = await askMembers(control);
    for (const { name, seen } of answering) reads.set(name, (reads.get(name) ?? new Set()).add(seen));
    // The first that is seen may be from before
    const late = [...reads].flatMap(([name, times]) => (times.size < 3 ? name : []));
    if (reads.size === control.patroni.length && !late.length) return;
    if (Date.now() > deadline) throw new Error(`${late.join(" and ") || "a member"} did not take up the settings within ${TAKEN_SECONDS} s: see its log`);
    await pause(200);
  }
}

export interface RestartOptions extends PauseOptions {
  primaryFirst?: boolean;
  /** Patroni refuses where nothing waits any more. */
  onlyWaiting?: boolean;
}

/** Restarts these members one after the other, each well before the next. */
export async function restartMembers(control: Control, members: Answering[], { primaryFirst = false, onlyWaiting, ...options }: RestartOptions): Promise<void> {
  const { progress = () => undefined } = options;
  const inTurn = [...members].sort((a, b) => (primaryFirst ? -1 : 1) * (Number(a.primary) - Number(b.primary)));
  const body = onlyWaiting ? { restart_pending: true } : {};
  for (const { address, name, primary } of inTurn) {
    const restart = () => call(control, address, "POST", "/restart", body);
    const once = () => (primary ? underRestart(control, options, restart) : restart());
    await (onlyWaiting ? unlessDone(control, name, once) : once());
    await waitUntilReady(control, READY_SECONDS);
    progress(`${name} has restarted`);
  }
}

/**
 * A standby that its restarted primary leaves behind (it has less of what both must have) restarts by itself: Patroni then refuses,
 * and nothing waits there any more. Throws what Patroni answered where something does after a second try.
 */
async function unlessDone(control: Control, name: string, restart: () => Promise<unknown>): Promise<void> {
  for (let tries = 2; ; ) {
    try {
      return void (await restart());
    } catch (error) {
      if (!(error instanceof Answered && UNMET.test(error.message))) throw error;
      await waitUntilReady(control, READY_SECONDS);
      const { answering } = await askMembers(control);
      if (answering.some((member) => member.name === name && !member.waits)) return;
      if (!--tries) throw error;
    }
  }
}

async function underRestart(control: Control, options: PauseOptions, restart: () => Promise<unknown>): Promise<void> {
  const ways = await writableWays(control);
  await checkpoint(ways, control.authority);
  let restarting: Promise<unknown> | undefined;
  const pausing = underPause(control, options, async (left) => {
    dismissKeepers(ways, control.authority);
    restarting = restart();
    await restarting;
    await untilWritable(ways, control.authority, left);
  });
  await pausing.catch(async (error) => {
    // A busy server takes longer than its writers may wait: they go on without the pause, and so does the restart
    if (!(error instanceof Overdue)) throw error;
    console.error(`warning: the primary takes longer to restart than writers are held back (${error.message})`);
    await restarting;
  });
}
