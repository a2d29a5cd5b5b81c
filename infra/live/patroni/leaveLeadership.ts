import { preferredSuccessors } from "../../cluster/succession";
import { reachingControl } from "../reach/reach";
import { call, Control, waitUntilReady } from "./client";
import { readMembers } from "./members";
import { awaitSwitchover, switchover } from "./switchover";

/** Seconds that the other members have to be ready. */
const MEMBER_SECONDS = 300;

/**
 * Makes sure that every other member streams, and that the primary is another one, with a standby of its own that streams.
 * `order` is that in which the members are replaced.
 */
export async function leaveLeadership(member: { name: string; order: string[] }, control: Control): Promise<void> {
  if (member.order.length > 1) await reachingControl(control, (reached) => leave(member, reached));
}

async function leave({ name, order }: { name: string; order: string[] }, control: Control): Promise<void> {
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
  const { members } = await readMembers(control);
  if (!members.some((member) => member.primary && member.name === name)) return;
  const plan = await awaitSwitchover(control, { prefer: preferredSuccessors(order, name) }, MEMBER_SECONDS);
  await switchover(control, plan, {});
  await complete();
}

/** Of the members but this one. */
export async function addressesWithout(name: string, control: Control) {
  const answers = await Promise.all(
    control.patroni.map(async (address) => ({ address, state: await call(control, address, "GET", "/patroni", undefined, 5).catch(() => undefined) })),
  );
  return answers.filter(({ state }) => (state?.patroni as { name?: string } | undefined)?.name !== name).map(({ address }) => address);
}
