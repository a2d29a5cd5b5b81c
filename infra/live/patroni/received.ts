import type { Address } from "../../cluster/endpoints";
import type { Access } from "../access";
import { call, Json, pause } from "./client";
import type { Member } from "./members";

const BETWEEN_MS = 50;
const ANSWER_SECONDS = 2;

/**
 * Waits until `to` has received all that `from` has written to disk by now; false when it has not after `milliseconds`.
 * Patroni promotes a named candidate without asking: in a quorum another standby may be the one that has the last commits.
 */
export async function hasReceived(access: Access, { from, to }: { from: Member; to: Member }, milliseconds: number): Promise<boolean> {
  const deadline = Date.now() + milliseconds;
  const wanted = await position(access, from.address!, "location");
  for (;;) {
    const received = await position(access, to.address!, "received_location");
    if (wanted !== undefined && received !== undefined && received >= wanted) return true;
    if (wanted === undefined || Date.now() > deadline) return false;
    await pause(BETWEEN_MS);
  }
}

/** In bytes, as the server itself says now; undefined when it does not. */
async function position(access: Access, address: Address, name: "location" | "received_location"): Promise<number | undefined> {
  const { xlog } = await call(access, address, "GET", "/patroni", undefined, ANSWER_SECONDS).catch((): Json => ({}));
  const bytes = (xlog as Json | undefined)?.[name];
  return typeof bytes === "number" ? bytes : undefined;
}
