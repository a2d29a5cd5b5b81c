import type { Control } from "../access";
import { call, pause } from "./client";
import { Member, readMembers } from "./members";
import { Refused } from "./switchover";

const LIMIT_SECONDS = 60;

export interface FailoverPlan {
  to: Member;
  /** Bytes that it lacks of the last position that was known in the cluster; absent when unknown. */
  behind?: number;
  /** Other members that answer and have more than it has. */
  ahead: Member[];
  /** Names of other members whose position nobody knows: they may have more. */
  unasked: string[];
  /** Nothing that was acknowledged is missing. */
  complete: boolean;
  quorum: boolean;
}

/** Whom to promote and what it costs; throws Refused while a primary is there. `names`: of all members, also of those that etcd has forgotten. */
export async function planFailover(control: Control, to: string, names: string[]): Promise<FailoverPlan> {
  const { members, synchronousMode, quorum } = await readMembers(control);
  const primary = await findPrimary(control, members);
  if (primary) throw new Refused(`${primary.name} is the primary and is well: use pgha switchover --to ${to}`);
  const chosen = members.find(({ name }) => name === to);
  if (!chosen) throw new Refused(`there is no member ${to}; there are ${members.map(({ name }) => name).join(", ") || "none"}`);
  if (!chosen.address) throw new Refused(`${to} does not answer, so it cannot take over`);
  const asked = members.filter(({ name, received }) => name !== to && received !== undefined);
  const ahead = asked.filter(({ received }) => received! > (chosen.received ?? 0));
  const unasked = [...new Set([...names, ...members.map(({ name }) => name)])].filter((name) => name !== to && !asked.some((member) => member.name === name));
  // In a quorum one of the voters has everything, not each of them
  const complete = synchronousMode && chosen.synchronous && (!quorum || (chosen.received !== undefined && !unasked.length && !ahead.length));
  return { to: chosen, behind: chosen.lag, ahead, unasked, complete, quorum };
}

/** The member that holds the leader key and takes writes as far as its Patroni knows. */
async function findPrimary(control: Control, members: Member[]): Promise<Member | undefined> {
  for (const member of members)
    if (member.address && (await call(control, member.address, "GET", "/primary", undefined, 3).then(() => true, () => false))) return member;
  return undefined;
}

/** What may be lost, before it is; a line each. */
export function describeLoss(plan: FailoverPlan): string {
  const { to, behind, ahead, unasked, complete } = plan;
  const { name } = to;
  const known =
    behind === undefined
      ? `how far ${name} is behind the last primary is not known`
      : behind === 0
        ? `${name} has all that the last primary is known to have written; what it wrote in its last seconds is not known`
        : `${name} lacks at least ${behind} bytes of what the last primary wrote`;
  return [
    known,
    promise(plan),
    ...ahead.map((member) => `${member.name} has ${member.received! - (to.received ?? 0)} bytes more`),
    ...(unasked.length ? [`${unasked.join(" and ")} cannot be asked`] : []),
    ...(complete ? [] : [`what others have and ${name} lacks is overwritten when they return: if it may matter, copy their data first`]),
  ].join("\n");
}

function promise({ to, quorum, complete }: FailoverPlan): string {
  if (complete) return `${quorum ? "every member was asked and none has more" : "commits waited for it"}: no acknowledged row should be missing`;
  if (quorum && to.synchronous)
    return "every acknowledged row is on one of those that commits waited for any of, and it may be another one: acknowledged rows may be lost for good";
  return "it is not a synchronous standby: acknowledged rows may be lost for good";
}

/** Has the member promoted; returns the milliseconds until it takes writes. */
export async function failover(control: Control, { to }: FailoverPlan): Promise<number> {
  const started = Date.now();
  let refused: Error | undefined;
  call(control, to.address!, "POST", "/failover", { candidate: to.name }).catch((error: Error) => (refused = error));
  for (;;) {
    if (await call(control, to.address!, "GET", "/primary", undefined, 2).then(() => true, () => false)) return Date.now() - started;
    if (refused) throw refused;
    if (Date.now() - started > LIMIT_SECONDS * 1000) throw new Error(`${to.name} did not become the primary within ${LIMIT_SECONDS} s; see the log of ${to.name}`);
    await pause(200);
  }
}
