import { describeFailure } from "../failure";
import { Answer, get, RequestOptions } from "../https";

/** GET /patroni: what a member says of itself. Patroni's defaults and absences as in its REST API documentation. */
export interface Own {
  state?: string;
  role?: string;
  timeline?: number;
  server_version?: number;
  postmaster_start_time?: string;
  pending_restart?: boolean;
  sync_standby?: boolean;
  quorum_standby?: boolean;
  replication_state?: string;
  dcs_last_seen?: number;
  xlog?: { received_location?: number };
  patroni?: { version?: string };
}

/** GET /cluster: what etcd knows of a member. */
export interface Known {
  name: string;
  role: string;
  state: string;
  timeline?: number;
  lag?: number | "unknown";
  replay_lag?: number | "unknown";
  pending_restart?: boolean;
}

interface Config {
  pause?: boolean;
  ttl?: number;
  maximum_lag_on_failover?: number;
}

/** All that one member's Patroni answered. */
export interface PatroniAnswer {
  own?: Own;
  error?: string;
  known: Known[];
  config?: Config;
  /** The member's own clock. */
  date?: Date;
  validTo?: Date;
  /** What it rewrites a shorter ttl to: Patroni's own 20 where its start-up program did not lift it. Seconds. */
  leastTtl?: number;
}

/** Asks one Patroni three things at once; never throws. The state of the cluster may be missing when etcd is. */
export async function askPatroni(url: string, options: RequestOptions): Promise<PatroniAnswer> {
  const [own, cluster, config] = await Promise.allSettled(["/patroni", "/cluster", "/config"].map((path) => get(url + path, options)));
  const known = readJson<{ members?: Known[] }>(cluster)?.members ?? [];
  const body = readJson<Own>(own);
  if (own.status === "rejected") return { error: describeFailure(own.reason), known };
  const { date, validTo, status, headers } = own.value;
  const leastTtl = Number(headers["pgha-least-ttl"] ?? 20);
  return { own: body, error: body ? undefined : `answers ${status}`, known, config: readJson<Config>(config), date, validTo, leastTtl };
}

function readJson<T>(answer: PromiseSettledResult<Answer>): T | undefined {
  try {
    return answer.status === "fulfilled" ? (JSON.parse(answer.value.body) as T) : undefined;
  } catch {
    return undefined;
  }
}
