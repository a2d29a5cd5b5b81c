import { call, Control, pause } from "./client";
import { Member, readMembers } from "./members";
import { Refused } from "./switchover";

const LIMIT_SECONDS = 60;

export interface FailoverPlan {
  to: Member;
  /** Bytes that it lacks of the last position that was known in the cluster; absent when unknown. */
  behind?: number;
  /** Other members that answer and have more than it has. */
  ahead: Member[];
  synchronousMode: boolean;
}

/** Whom to promote and what it costs; throws Refused while a primary is there. */
export async function planFailover(control: Control, to: string): Promise<FailoverPlan> {
  const { members, synchronousMode } = await readMembers(control);
  const primary = await findPrimary(control, members);
  if (primary) throw new Refused(`${primary.name} is the primary and is well: use pgha switchover --to ${to}`);
  const chosen = members.find(({ name }) => name === to);
  if (!chosen) throw new Refused(`there is no member ${to}; there are ${members.map(({ name }) => name).join(", ") || "none"}`);
  if (!chosen.address) throw new Refused(`${to} does not answer, so it cannot take over`);
  const ahead = members.filter(({ address, lag }) => address && lag !== undefined && chosen.lag !== undefined && lag < chosen.lag);
  return { to: chosen, behind: chosen.lag, ahead, synchronousMode };
}

/** The member that holds the leader key and takes writes as far as its Patroni knows. */
async function findPrimary(control: Control, members: Member[]): Promise<Member | undefined> {
  for (const member of members)
    if (member.address && (await call(control, member.address, "GET", "/primary", undefined, 3).then(() => true, () => false))) return member;
  return undefined;
}

/** What may be lost, before it is. */
export function describeLoss({ to, behind, ahead, synchronousMode }: FailoverPlan): string {
  const known =
    behind === undefined
      ? `how far ${to.name} is behind the last primary is not known`
      : behind === 0
        ? `${to.name} has all that the last primary is known to have written; what it wrote in its last seconds is not known`
        : `${to.name} lacks at least ${behind} bytes of what the last primary wrote`;
  const promise =
    synchronousMode && to.synchronous
      ? `it is a synchronous standby: in the mode of this cluster no acknowledged row should be missing`
      : `it is not a synchronous standby: acknowledged rows may be lost for good`;
  const better = ahead.map(({ name, lag }) => `${name} has more (behind by ${lag} bytes)`);
  return [known, promise, ...better].join("; ");
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
