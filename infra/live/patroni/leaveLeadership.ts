import { preferredSuccessors } from "../../cluster/succession";
import { reachingControl } from "../reach/reach";
import type { Control } from "../access";
import { call, pause, waitUntilReady } from "./client";
import { readMembers } from "./members";
import { COPY_SECONDS } from "./slots";
import { awaitSwitchover, NoCopy, planSwitchover, switchover, SwitchoverOptions } from "./switchover";
import { Busy } from "../pooler/underPause";

/** Seconds that the other members have to be ready. */
const MEMBER_SECONDS = 300;
/** Between two pauses that open transactions outlasted. */
const BUSY_MS = 5000;

/**
 * Makes sure that every other member streams, and that the primary is another one, with a standby of its own that streams.
 * `order` is that in which the members are replaced.
 */
export async function leaveLeadership(member: { name: string; order: string[] }, control: Control, copySeconds = COPY_SECONDS): Promise<void> {
  if (member.order.length > 1) await reachingControl(control, (reached) => leave(member, reached, copySeconds));
}

async function leave({ name, order }: { name: string; order: string[] }, control: Control, copySeconds: number): Promise<void> {
  const others = { ...control, patroni: await addressesWithout(name, control) };
  const complete = async () => {
    await waitUntilReady(others, MEMBER_SECONDS).catch((error: Error) => {
      throw new Error(
        `${name} is not replaced while another member is not well: ${error.message}. Bring that one back first (npx pgha status), ` +
          "or have it alone replaced: npm run pulumi -- up --target '**<cluster>-postgres-<n>'",
      );
    });
  };
  await complete();
  await demandCopies(name, control, copySeconds);
  const { members } = await readMembers(control);
  if (!members.some((member) => member.primary && member.name === name)) return;
  await handOver(name, { prefer: preferredSuccessors(order, name) }, control);
  await complete();
}

/**
 * Moves the primary to one of those that stay where it is another one, which is about to go for good. Nothing is done where no
 * member answers: there is nobody to notice.
 */
export async function stayWithin(staying: string[], control: Control, seconds = MEMBER_SECONDS): Promise<void> {
  await reachingControl(control, async (reached) => {
    const view = await readMembers(reached).catch(() => undefined);
    const from = view?.members.find(({ primary }) => primary)?.name;
    if (from !== undefined && !staying.includes(from)) await handOver(from, { to: await fitAmong(staying, from, reached, seconds) }, reached);
  });
}

/** The first of these that can take over, within `seconds`. */
async function fitAmong(staying: string[], from: string, control: Control, seconds: number): Promise<string> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const reasons: string[] = [];
    for (const to of staying) {
      try {
        return (await planSwitchover(control, { to })).to.name;
      } catch (error) {
        reasons.push((error as Error).message);
      }
    }
    if (Date.now() > deadline)
      throw new Error(`${from} is the primary and is to go, but none of those that stay can take over: ${[...new Set(reasons)].join("; ")}. See npx pgha status, then run up again`);
    await pause(1000);
  }
}

/**
 * The primary's turn comes, too, as a rule: where it could not give its logical slots away, that is said before the first member
 * is replaced.
 */
async function demandCopies(name: string, control: Control, seconds: number): Promise<void> {
  await awaitSwitchover(control, {}, 0, seconds).catch((error: Error) => {
    if (error instanceof NoCopy) throw new Error(`${name} is not replaced: ${error.message}; then run up again`);
  });
}

/** Writers are held back for seconds at a time only: where a transaction outlasts that, it is tried again for MEMBER_SECONDS. */
async function handOver(name: string, wanted: Pick<SwitchoverOptions, "to" | "prefer">, control: Control): Promise<void> {
  const deadline = Date.now() + MEMBER_SECONDS * 1000;
  for (;;) {
    const plan = await awaitSwitchover(control, wanted, MEMBER_SECONDS);
    if (plan.from.name !== name) return;
    try {
      return void (await switchover(control, plan, {}));
    } catch (error) {
      if (!(error instanceof Busy) || Date.now() > deadline) throw error;
      await pause(BUSY_MS);
    }
  }
}

/** Of the members but this one. */
export async function addressesWithout(name: string, control: Control) {
  const answers = await Promise.all(
    control.patroni.map(async (address) => ({ address, state: await call(control, address, "GET", "/patroni", undefined, 5).catch(() => undefined) })),
  );
  return answers.filter(({ state }) => (state?.patroni as { name?: string } | undefined)?.name !== name).map(({ address }) => address);
}
