import type { Address } from "../../cluster/endpoints";
import type { Access } from "../access";
import { ask, call, Json } from "./client";
import { FailoverSlot, readSlots } from "./slots";

/** One member as the cluster knows it. */
export interface Member {
  name: string;
  /** Where its Patroni answers; absent when it does not. */
  address?: Address;
  primary: boolean;
  /** Patroni's word: running, streaming, stopped, … */
  state: string;
  /** Bytes that it has not received of the primary's last known position; absent when unknown. */
  lag?: number;
  /** Bytes of that which it has not replayed: a promotion waits for what was received. */
  replayLag?: number;
  /** Position up to which it has received, by its own word now, in bytes; absent when it does not say. */
  received?: number;
  /** One of those that commits wait for: in mode `priority` it has all that was acknowledged, in a quorum one of them has. */
  synchronous: boolean;
  /** Tagged nofailover, or with failover_priority 0. */
  barred: boolean;
  /** Patroni's failover_priority: the highest is asked first. */
  priority: number;
  /** Logical slots that it has for good; absent when it does not say. */
  slots?: FailoverSlot[];
}

export interface Members {
  members: Member[];
  /** Whether only a synchronous standby may take over. */
  synchronousMode: boolean;
  /** Whether a commit waits for any of the synchronous standbys, not for each. */
  quorum: boolean;
  /** Bytes of lag behind which a standby may not take over. */
  maximumLag: number;
}

/** Asks every Patroni who it is, and one of them for the whole cluster. */
export async function readMembers(access: Access): Promise<Members> {
  const [cluster, config, own, slots] = await Promise.all([
    ask(access, "GET", "/cluster", undefined, 5),
    ask(access, "GET", "/config", undefined, 5),
    Promise.all(access.patroni.map((address) => call(access, address, "GET", "/patroni", undefined, 3).catch(() => undefined))),
    Promise.all(access.patroni.map((address) => readSlots(access, address))),
  ]);
  const names = own.map((answer) => (answer?.patroni as Json | undefined)?.name);
  return {
    members: (cluster.members as Json[]).map((known) => {
      const index = names.indexOf(known.name);
      return { ...readMember(known, access.patroni[index], own[index]), slots: slots[index] };
    }),
    synchronousMode: ![undefined, false, "off"].includes(config.synchronous_mode as undefined),
    quorum: config.synchronous_mode === "quorum",
    maximumLag: Number(config.maximum_lag_on_failover ?? 1_048_576),
  };
}

/** From an entry of GET /cluster, and the member's own GET /patroni. */
export function readMember(known: Json, address?: Address, own?: Json): Member {
  const tags = (known.tags ?? {}) as Json;
  const role = String(known.role);
  const bytes = (value: unknown) => (typeof value === "number" ? value : undefined);
  return {
    name: String(known.name),
    address,
    primary: ["leader", "primary", "master"].includes(role),
    state: String(known.state),
    lag: bytes(known.lag),
    replayLag: bytes(known.replay_lag),
    received: bytes((own?.xlog as Json | undefined)?.received_location),
    synchronous: ["sync_standby", "quorum_standby"].includes(role),
    barred: tags.nofailover === true || tags.failover_priority === 0,
    priority: Number(tags.failover_priority ?? 1),
  };
}
