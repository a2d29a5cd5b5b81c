import type { Control, Reach } from "../access";
import type { Address } from "../../cluster/endpoints";
import { openForward } from "./ssm";

/** Runs `work` with addresses that lead to `addresses` from here, in the same order; what was opened for it is closed, whatever happens. */
export async function reaching<T>(reach: Reach | undefined, addresses: Address[], work: (reached: Address[]) => Promise<T>): Promise<T> {
  if (!reach) return work(addresses);
  const attempts = await Promise.allSettled(addresses.map((address) => openForward(reach, address)));
  const forwards = attempts.flatMap((attempt) => (attempt.status === "fulfilled" ? [attempt.value] : []));
  try {
    const failed = attempts.find((attempt) => attempt.status === "rejected");
    if (failed) throw failed.reason;
    return await work(forwards.map(({ port }) => ({ host: "127.0.0.1", port })));
  } finally {
    await Promise.all(forwards.map((forward) => forward.close()));
  }
}

/** The same for all that commands a cluster. */
export async function reachingControl<T>(control: Control, work: (control: Control) => Promise<T>): Promise<T> {
  const { patroni, poolers, writers, reach } = control;
  if (!reach) return work(control);
  const urls = [...poolers, ...writers];
  return reaching(reach, [...patroni, ...urls.map(addressOf)], async (reached) => {
    const [members, rest] = [reached.slice(0, patroni.length), reached.slice(patroni.length)];
    const moved = urls.map((url, index) => moveTo(url, rest[index]));
    return work({ ...control, reach: undefined, forwarded: true, patroni: members, poolers: moved.slice(0, poolers.length), writers: moved.slice(poolers.length) });
  });
}

/** Host and port of a URL that has both. */
export function addressOf(url: string): Address {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

function moveTo(url: string, { host, port }: Address): string {
  return Object.assign(new URL(url), { hostname: host, port: String(port) }).href;
}
