import type { Member, Members } from "./members";
import type { FailoverSlot } from "./slots";

/** Whether a member could take over, and if not, why, in words that go after its name. */
export interface Judgement {
  member: Member;
  unfit?: string;
  /** Logical slots of the primary that would be lost with it: it has no ready copy of them. Where it does not say, nothing is known of that. */
  lacks: FailoverSlot[];
}

/** Bytes that may be left to replay: a promotion, and so the writers, wait for them. */
const MAXIMUM_REPLAY = 16 * 2 ** 20;

/** Judges every member but the primary. */
export function judgeCandidates({ members, synchronousMode, maximumLag }: Omit<Members, "quorum">): Judgement[] {
  const wanted = members.find(({ primary }) => primary)?.slots ?? [];
  const lacking = ({ slots = wanted }: Member) => wanted.filter(({ name }) => !slots.some((slot) => slot.name === name));
  return members
    .filter(({ primary }) => !primary)
    .map((member) => ({ member, unfit: unfitness(member, synchronousMode, maximumLag), lacks: lacking(member) }));
}

function unfitness({ address, state, lag, replayLag = 0, synchronous, barred }: Member, synchronousMode: boolean, maximumLag: number): string | undefined {
  if (barred) return "is tagged nofailover";
  if (!address) return "does not answer";
  if (state !== "streaming") return `is ${state}, not streaming`;
  if (lag === undefined) return "has an unknown lag";
  if (lag > maximumLag) return `lags ${lag} bytes, more than maximum_lag_on_failover (${maximumLag})`;
  if (replayLag > MAXIMUM_REPLAY) return `has ${replayLag} bytes to replay, which its promotion would wait for`;
  if (synchronousMode && !synchronous) return "is not a synchronous standby, so it may lack acknowledged rows";
  return undefined;
}

/** The best of the fit ones: by failover priority, then in the order of `prefer`, then by what is not received, then not replayed. */
export function chooseCandidate(judgements: Judgement[], prefer: string[] = []): Member | undefined {
  const rank = ({ name }: Member) => (prefer.includes(name) ? prefer.indexOf(name) : prefer.length);
  const fit = judgements.filter(({ unfit }) => !unfit).map(({ member }) => member);
  const unreplayed = ({ replayLag = 0 }: Member) => replayLag;
  return fit.sort((a, b) => b.priority - a.priority || rank(a) - rank(b) || a.lag! - b.lag! || unreplayed(a) - unreplayed(b))[0];
}

/** "postgres-2 lags …; postgres-3 does not answer" */
export function describeUnfit(judgements: Judgement[]): string {
  return judgements.map(({ member, unfit }) => `${member.name} ${unfit ?? "is fit"}`).join("; ") || "there is no standby";
}
