import { Ec2Plan, Ec2Volume, Role, rolesOf } from "./spec";
import { prices } from "./prices";

/** Root volume of every machine. GiB. */
export const ROOT_GIB = 10;

export interface CostItem {
  item: string;
  count: number;
  /** A month of all of them; undefined: the table has no price for it. */
  month: number | undefined;
}

export interface Cost {
  items: CostItem[];
  /** Of what has a price. */
  month: number;
  currency: string;
  /** Region and date of the prices. */
  prices: string;
}

/** What a planned cluster costs a month, on demand; traffic, requests, backups and taxes come on top. */
export function monthlyCost({ nodes, nat, publicSubnets, subnets, config }: Ec2Plan): Cost {
  const { hoursPerMonth: hours } = prices;
  const ofRole = (role: Role) => nodes.filter((node) => node.role === role);
  const instances = rolesOf({ nodes }).map((role): CostItem => {
    const { instanceType } = ofRole(role)[0];
    const price = prices.instances[instanceType]?.hour;
    return { item: `${role} ${instanceType}`, count: ofRole(role).length, month: price && price * hours * ofRole(role).length };
  });
  const volumes = (["data", "wal", "etcd"] as const).flatMap((name): CostItem[] => {
    const all = nodes.flatMap((node) => node.volumes.filter((volume) => volume.name === name));
    return all.length ? [{ item: `volume ${name} ${all[0].gib} GiB`, count: all.length, month: all.reduce((sum, volume) => sum + volumeMonth(volume), 0) }] : [];
  });
  const gateways = config.network.vpc ? 0 : { none: 0, single: 1, "per-zone": publicSubnets.length }[nat];
  const endpoints = nat === "none" && !config.network.vpc ? 3 * subnets.length : 0;
  const items = [
    ...instances,
    ...volumes,
    { item: `root volumes ${ROOT_GIB} GiB`, count: nodes.length, month: nodes.length * ROOT_GIB * prices.volumes.gibMonth },
    { item: "NAT gateway", count: gateways, month: gateways * prices.natGatewayHour * hours },
    { item: "interface endpoint in a zone", count: endpoints, month: endpoints * prices.interfaceEndpointHour * hours },
    { item: "network load balancer", count: 1, month: prices.loadBalancerHour * hours },
    { item: "KMS key", count: 1, month: prices.keyMonth },
    { item: "private DNS zone", count: 1, month: prices.hostedZoneMonth },
  ].filter(({ count }) => count > 0).map(({ month, ...rest }) => ({ ...rest, month: month && Math.round(month * 100) / 100 }));
  return {
    items,
    month: Math.round(items.reduce((sum, { month }) => sum + (month ?? 0), 0)),
    currency: prices.currency,
    prices: `${prices.region}, ${prices.date}`,
  };
}

function volumeMonth({ gib, iops, throughput }: Ec2Volume): number {
  const { gibMonth, iopsMonth, freeIops, throughputMonth, freeThroughput } = prices.volumes;
  return gib * gibMonth + Math.max(0, iops - freeIops) * iopsMonth + Math.max(0, throughput - freeThroughput) * throughputMonth;
}
