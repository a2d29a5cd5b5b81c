import type { Member, Members } from "./members";

/** Whether a member could take over, and if not, why, in words that go after its name. */
export interface Judgement {
  member: Member;
  unfit?: string;
}

/** Judges every member but the primary. */
export function judgeCandidates({ members, synchronousMode, maximumLag }: Members): Judgement[] {
  return members.filter(({ primary }) => !primary).map((member) => ({ member, unfit: unfitness(member, synchronousMode, maximumLag) }));
}

function unfitness({ address, state, lag, synchronous, barred }: Member, synchronousMode: boolean, maximumLag: number): string | undefined {
  if (barred) return "is tagged nofailover";
  if (!address) return "does not answer";
  if (state !== "streaming") return `is ${state}, not streaming`;
  if (lag === undefined) return "has an unknown lag";
  if (lag > maximumLag) return `lags ${lag} bytes, more than maximum_lag_on_failover (${maximumLag})`;
  if (synchronousMode && !synchronous) return "is not a synchronous standby, so it may lack acknowledged rows";
  return undefined;
}

/** The best of the fit ones: by failover priority, then in the order of `prefer`, then by lag. */
export function chooseCandidate(judgements: Judgement[], prefer: string[] = []): Member | undefined {
  const rank = ({ name }: Member) => (prefer.includes(name) ? prefer.indexOf(name) : prefer.length);
  const fit = judgements.filter(({ unfit }) => !unfit).map(({ member }) => member);
  return fit.sort((a, b) => b.priority - a.priority || rank(a) - rank(b) || a.lag! - b.lag!)[0];
}

/** "postgres-2 lags …; postgres-3 does not answer" */
export function describeUnfit(judgements: Judgement[]): string {
  return judgements.map(({ member, unfit }) => `${member.name} ${unfit ?? "is fit"}`).join("; ") || "there is no standby";
}
