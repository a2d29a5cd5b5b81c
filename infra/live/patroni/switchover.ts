import { chooseCandidate, describeUnfit, judgeCandidates } from "./candidates";
import type { Control } from "../access";
import { Answered, call, pause } from "./client";
import { Member, readMembers } from "./members";
import { hasReceived } from "./received";
import { COPY_SECONDS, describeLacking, hastenCopies } from "./slots";
import { PauseOptions, underPause } from "../pooler/underPause";
import { checkpoint, dismissKeepers, untilWritable, writableWays } from "../postgres/writable";

/** Nothing was touched: the cluster is not in a state for it, or there is no such member. */
export class Refused extends Error {}
/** Refused as long as things stand as they do: standbys may become fit by themselves. */
export class NobodyFit extends Refused {}
/** Somebody is fit, but logical slots would be lost: standbys have no ready copy of them yet. */
export class NoCopy extends NobodyFit {}

export interface SwitchoverOptions extends PauseOptions {
  /** The member that shall be the primary; otherwise the best one is chosen. */
  to?: string;
  /** Members in the order in which they are wanted, where they are equally fit. */
  prefer?: string[];
}

export interface Plan {
  from: Member;
  to: Member;
}

export interface Switched {
  from: string;
  to: string;
  /** Writers waited at the poolers, from the first PAUSE to the last RESUME. */
  pausedMilliseconds: number;
  /** From the request to Patroni until writes were acknowledged through every proxy. */
  switchMilliseconds: number;
}

/** Who hands over to whom; throws Refused, with the reason for each member, when nobody can take over. */
export async function planSwitchover(control: Control, { to, prefer, force }: Pick<SwitchoverOptions, "to" | "prefer" | "force">): Promise<Plan> {
  const view = await readMembers(control);
  const from = view.members.find(({ primary }) => primary);
  if (!from?.address) throw new Refused(from ? `the primary ${from.name} does not answer` : "there is no primary");
  if (to === from.name) throw new Refused(`${to} is the primary already`);
  const judgements = judgeCandidates(view);
  if (to !== undefined && !judgements.some(({ member }) => member.name === to))
    throw new Refused(`there is no member ${to}; there are ${judgements.map(({ member }) => member.name).join(", ") || "no standbys"}`);
  const eligible = judgements.filter(({ member }) => to === undefined || member.name === to);
  const fit = chooseCandidate(eligible, prefer);
  if (!fit) throw new NobodyFit(`no standby is fit to take over: ${describeUnfit(eligible)}`);
  const whole = chooseCandidate(eligible.filter(({ lacks }) => !lacks.length), prefer);
  if (!whole && !force) throw new NoCopy(describeLacking(eligible.find(({ member }) => member === fit)!.lacks));
  return { from, to: whole ?? fit };
}

/**
 * As planSwitchover, but gives standbys `seconds` to become fit, and COPY_SECONDS to have the logical slots: after a failover,
 * or a start, they are not and have not at once.
 */
export async function awaitSwitchover(
  control: Control, { signal, progress = () => undefined, ...wanted }: Omit<SwitchoverOptions, "seconds">, seconds: number, copySeconds = COPY_SECONDS,
): Promise<Plan> {
  const started = Date.now();
  for (let lacking = false; ; ) {
    try {
      return await planSwitchover(control, wanted);
    } catch (error) {
      // While a copy is waited for, a member that is late with one answer ends nothing
      const copying = error instanceof NoCopy || (lacking && error instanceof Refused);
      const late = Date.now() >= started + (copying ? copySeconds : seconds) * 1000;
      if (late || signal?.aborted || !(copying || error instanceof NobodyFit)) throw error;
      if (error instanceof NoCopy && !lacking) progress(`waiting for up to ${copySeconds} s until a standby has a copy of every logical slot`);
      lacking ||= error instanceof NoCopy;
      if (lacking) await hastenCopies(control);
      await pause(1000);
    }
  }
}

/**
 * Moves the primary while the poolers hold the writers back: CHECKPOINT, PAUSE, a look whether the new one has everything,
 * Patroni's switchover, RESUME once a write is acknowledged through every proxy that led to the primary before.
 */
export async function switchover(control: Control, plan: Plan, options: SwitchoverOptions): Promise<Switched> {
  const { progress = () => undefined } = options;
  const { from, to } = plan;
  const ways = await writableWays(control);
  if (!ways.length) throw new Refused("no proxy leads to a primary that takes writes; see pgha status");
  await checkpoint(ways, control.authority);
  progress(`checkpoint written on ${from.name}`);
  const { result, milliseconds } = await underPause(control, options, async (left) => {
    if (!(await hasReceived(control, plan, left() / 2)))
      throw new Refused(`${to.name} does not receive all that ${from.name} has written: acknowledged rows could be missing on it`);
    const started = Date.now();
    dismissKeepers(ways, control.authority);
    await handOver(control, plan, left);
    progress(`${to.name} is the primary`);
    await untilWritable(ways, control.authority, left);
    return Date.now() - started;
  });
  return { from: from.name, to: to.name, pausedMilliseconds: milliseconds, switchMilliseconds: result };
}

/** What Patroni answers when it will not, and has done nothing. */
const PRECONDITION_FAILED = 412;

/** Asks Patroni; its answer comes up to a second late, so the candidate is asked meanwhile. */
async function handOver(control: Control, { from, to }: Plan, left: () => number): Promise<void> {
  let refused: Error | undefined;
  const request = { leader: from.name, candidate: to.name };
  call(control, from.address!, "POST", "/switchover", request).catch((error: Error) => (refused = error));
  for (;;) {
    if (await call(control, to.address!, "GET", "/primary", undefined, 1).then(() => true, () => false)) return;
    if (refused instanceof Answered && refused.status === PRECONDITION_FAILED) throw new Refused(refused.message);
    if (refused) throw refused;
    if (left() <= 0) throw new Error(`${to.name} did not become the primary in time`);
    await pause(50);
  }
}
