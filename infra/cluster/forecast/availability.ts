import { ClusterSpec } from "../spec";
import { STRICT_LEAST } from "../topology";

/** Shares of the time that one part is up by itself. Assumptions, to be replaced by what you have measured. */
export interface Figures {
  /** A zone; all that is in it goes with it. */
  zone: number;
  host: number;
  /** One server of Postgres, etcd, HAProxy or PgBouncer on a host that is up. */
  node: number;
}

export const assumed: Figures = { zone: 0.9995, host: 0.999, node: 0.995 };

/** How many servers there are and where: machines are dealt out to zones in turn. */
export interface Layout {
  zones: number;
  /** One machine for all, or one for each server, PgBouncer beside its HAProxy. */
  machines: "one" | "each";
  postgres: number;
  etcd: number;
  proxies: number;
  poolers: number;
  /** Servers of Postgres that a write needs: the primary, and in strict mode the standby that it is never without. */
  postgresNeeded: number;
}

export interface Availability {
  /** Of the time that writes are taken, failovers left out: the budget bounds those. */
  percent: number;
  downHoursPerYear: number;
  downMinutesPerMonth: number;
  targets: { percent: number; met: boolean; advice: string }[];
}

/** Machines of one kind, and the services that each of them holds. */
interface Kind {
  machines: number;
  services: { perMachine: number; needed: number }[];
}

/**
 * The share of the time in which writes are taken: a majority of etcd, enough of Postgres (the primary is any one of them, so it
 * counts inside its group), one HAProxy and one PgBouncer, over every combination of zones that are up.
 */
export function availability(layout: Layout, figures: Figures = assumed): number {
  const kinds = kindsOf(layout);
  let total = 0;
  for (let up = 0; up < 2 ** layout.zones; up++) {
    const zones = Array.from({ length: layout.zones }, (_, zone) => (up >> zone) & 1);
    const chance = zones.reduce<number>((product, one) => product * (one ? figures.zone : 1 - figures.zone), 1);
    total += chance * kinds.reduce((product, kind) => product * serves(kind, zones, figures), 1);
  }
  return total;
}

function kindsOf({ machines, postgres, etcd, proxies, poolers, postgresNeeded }: Layout): Kind[] {
  const service = (count: number, needed: number) => ({ count, needed });
  const all = [service(etcd, Math.floor(etcd / 2) + 1), service(postgres, postgresNeeded), service(proxies, 1), service(poolers, 1)];
  if (machines === "one") return [{ machines: 1, services: all.map(({ count, needed }) => ({ perMachine: count, needed })) }];
  const alone = (count: number, needed: number): Kind => ({ machines: count, services: [{ perMachine: 1, needed }] });
  const edges = proxies === poolers ? [{ machines: proxies, services: [1, 1].map((perMachine) => ({ perMachine, needed: 1 })) }] : [alone(proxies, 1), alone(poolers, 1)];
  return [alone(etcd, all[0].needed), alone(postgres, postgresNeeded), ...edges];
}

/** The chance that enough of every service is up on a kind of machine, some zones being down. */
function serves({ machines, services }: Kind, zones: number[], { host, node }: Figures): number {
  const there = Array.from({ length: machines }, (_, index) => zones[index % zones.length]).filter(Boolean).length;
  let sum = 0;
  for (let up = 0; up <= there; up++)
    sum += exactly(there, up, host) * services.reduce((product, { perMachine, needed }) => product * atLeast(up * perMachine, needed, node), 1);
  return sum;
}

function exactly(of: number, count: number, chance: number): number {
  let ways = 1;
  for (let index = 0; index < count; index++) ways = (ways * (of - index)) / (index + 1);
  return ways * chance ** count * (1 - chance) ** (of - count);
}

function atLeast(of: number, needed: number, chance: number): number {
  let sum = 0;
  for (let count = needed; count <= of; count++) sum += exactly(of, count, chance);
  return sum;
}

const TARGETS = [99, 99.9, 99.95, 99.99, 99.999];

/** In figures that people know, and what would reach each target with the fewest servers more. */
export function describeAvailability(layout: Layout, figures: Figures = assumed): Availability {
  const share = availability(layout, figures);
  const down = 1 - share;
  return {
    percent: round(share * 100, 4),
    downHoursPerYear: round(down * 365.25 * 24, 2),
    downMinutesPerMonth: round((down * 365.25 * 24 * 60) / 12, 1),
    targets: TARGETS.map((percent) => {
      const met = share * 100 >= percent;
      return { percent, met, advice: met ? "met" : advise(layout, percent, figures) };
    }),
  };
}

function advise(layout: Layout, percent: number, figures: Figures): string {
  const servers = ({ postgres, etcd, proxies, poolers }: Layout) => postgres + etcd + proxies + poolers;
  const better = variants(layout).filter((one) => availability(one, figures) * 100 >= percent);
  const cost = (one: Layout) => servers(one) - servers(layout) + (one.machines === layout.machines && one.zones === layout.zones ? 0 : 100);
  const [best] = better.sort((a, b) => cost(a) - cost(b));
  return best ? differences(layout, best).join(", ") : "not by more servers: zones, hosts or nodes of better availability";
}

/** Everything at least as redundant, within what the configuration takes. */
function variants(layout: Layout): Layout[] {
  const from = (least: number, list: number[]) => [...new Set([least, ...list.filter((value) => value > least)])];
  const places = [layout, { ...layout, machines: "each" as const, zones: Math.max(3, layout.zones) }];
  return places.flatMap((place) =>
    from(layout.postgres, [2, 3, 4, 5]).flatMap((postgres) =>
      from(layout.etcd, [3, 5]).flatMap((etcd) => from(Math.max(layout.proxies, layout.poolers), [2, 3]).map((edges) => ({ ...place, postgres, etcd, proxies: edges, poolers: edges }))),
    ),
  );
}

function differences(before: Layout, after: Layout): string[] {
  const change = (key: keyof Layout, words: string) => (before[key] === after[key] ? [] : [words]);
  return [
    ...change("machines", "a machine for each server"),
    ...change("zones", `${after.zones} zones`),
    ...change("postgres", `${after.postgres - 1} standbys`),
    ...change("etcd", `${after.etcd} etcd members`),
    ...change("proxies", `${after.proxies} proxies`),
    ...change("poolers", `${after.poolers} poolers`),
  ];
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

/** Of a planned cluster; containers share one machine. */
export function planAvailability({ members, etcd, proxies, poolers, replication, ec2 }: ClusterSpec): Availability {
  return describeAvailability({
    zones: ec2 ? new Set(ec2.nodes.map(({ zone }) => zone)).size : 1,
    machines: ec2 ? "each" : "one",
    postgres: members.length,
    etcd: etcd.length,
    proxies: proxies.length,
    poolers: poolers.length,
    postgresNeeded: 1 + (replication.mode === "strict" ? STRICT_LEAST : 0),
  });
}
