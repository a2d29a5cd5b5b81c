import type { Address } from "../targets/target";
import { Access, ask, call, Json } from "./client";

/** One member as the cluster knows it. */
export interface Member {
  name: string;
  /** Where its Patroni answers; absent when it does not. */
  address?: Address;
  primary: boolean;
  /** Patroni's word: running, streaming, stopped, … */
  state: string;
  /** Bytes behind the primary, or behind its last known position; absent when unknown. */
  lag?: number;
  /** Known to have all that was acknowledged. */
  synchronous: boolean;
  /** Tagged nofailover, or with failover_priority 0. */
  barred: boolean;
  /** Patroni's failover_priority: the highest is asked first. */
  priority: number;
}

export interface Members {
  members: Member[];
  /** Whether only a synchronous standby may take over. */
  synchronousMode: boolean;
  /** Bytes of lag behind which a standby may not take over. */
  maximumLag: number;
}

/** Asks every Patroni who it is, and one of them for the whole cluster. */
export async function readMembers(access: Access): Promise<Members> {
  const [cluster, config, own] = await Promise.all([
    ask(access, "GET", "/cluster", undefined, 5),
    ask(access, "GET", "/config", undefined, 5),
    Promise.all(access.patroni.map((address) => call(access, address, "GET", "/patroni", undefined, 3).catch(() => undefined))),
  ]);
  const names = own.map((answer) => (answer?.patroni as Json | undefined)?.name);
  return {
    members: (cluster.members as Json[]).map((known) => readMember(known, access.patroni[names.indexOf(known.name)])),
    synchronousMode: ![undefined, false, "off"].includes(config.synchronous_mode as undefined),
    maximumLag: Number(config.maximum_lag_on_failover ?? 1_048_576),
  };
}

/** From an entry of GET /cluster. */
export function readMember(known: Json, address?: Address): Member {
  const tags = (known.tags ?? {}) as Json;
  const role = String(known.role);
  const lag = known.replay_lag ?? known.lag;
  return {
    name: String(known.name),
    address,
    primary: ["leader", "primary", "master"].includes(role),
    state: String(known.state),
    lag: typeof lag === "number" ? lag : undefined,
    synchronous: ["sync_standby", "quorum_standby"].includes(role),
    barred: tags.nofailover === true || tags.failover_priority === 0,
    priority: Number(tags.failover_priority ?? 1),
  };
}
