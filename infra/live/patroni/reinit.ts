import type { Access } from "../access";
import { call, Json, pause } from "./client";
import { Member, readMembers } from "./members";
import { Refused } from "./switchover";

const BETWEEN_MS = 1000;
const ANSWER_SECONDS = 5;
/** Between Patroni's yes and its first step the member looks as before. Seconds. */
const BEGIN_SECONDS = 30;

/** The standby whose data is to be made anew; throws Refused for the primary, without one, and for the last other copy unless `force`. */
export async function planReinit(access: Access, name: string, force: boolean): Promise<Member> {
  const { members } = await readMembers(access);
  const chosen = members.find((member) => member.name === name);
  if (!chosen) throw new Refused(`there is no member ${name}; there are ${members.map((member) => member.name).join(", ") || "none"}`);
  if (chosen.primary) throw new Refused(`${name} is the primary: its data is what the others are copied from`);
  if (!chosen.address) throw new Refused(`${name} does not answer: start it first`);
  if (!members.some(({ primary, address }) => primary && address)) throw new Refused("there is no primary to copy from; see pgha status");
  const streams = ({ state }: Member) => state === "streaming";
  if (streams(chosen) && !members.some((member) => member !== chosen && streams(member)) && !force)
    throw new Refused(`${name} is the last standby that streams: until it is copied anew the primary's data is the only one. --force does it all the same`);
  return chosen;
}

/** Has Patroni delete the member's data and copy it anew; returns when it streams, with the seconds that took. Throws where it does not within `seconds`. */
export async function reinit(access: Access, { name, address }: Member, seconds: number, progress: (text: string) => void): Promise<number> {
  const look = () => call(access, address!, "GET", "/patroni", undefined, ANSWER_SECONDS).catch((): Json => ({ state: "no answer" }));
  const { postmaster_start_time: before } = await look();
  const started = Date.now();
  const since = () => Math.round((Date.now() - started) / 1000);
  await call(access, address!, "POST", "/reinitialize", { force: true });
  let last = "";
  for (;;) {
    const { state, replication_state: replication, postmaster_start_time: running } = await look();
    const begun = running !== before;
    if (begun && replication === "streaming") return since();
    const word = String(replication ?? state);
    if (word !== last) progress(`${name}: ${(last = word)}, after ${since()} s`);
    if (!begun && state === "running" && since() > BEGIN_SECONDS) throw new Error(`${name} did not begin; see its log`);
    if (since() > seconds) throw new Error(`${name} is ${word} after ${seconds} s; it goes on by itself: npx pgha status, or its log`);
    await pause(BETWEEN_MS);
  }
}
