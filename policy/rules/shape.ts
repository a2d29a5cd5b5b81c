import { Declared, items, kindOf, objects } from "../rule";

/** A cluster as its resources show it: what is not declared, or not known yet, is undefined. */
export interface Shape {
  /** Name of the cluster, for findings about the whole. */
  on: string;
  etcd: Member[];
  postgres: Member[];
  poolers: Member[];
  backup: Member[];
  /** Patroni's dynamic configuration. */
  configuration?: Record<string, unknown>;
  /** The [pgbouncer] part of each pooler's pgbouncer.ini. */
  pools: Record<string, number>[];
}

export interface Member {
  name: string;
  type: string;
  zone?: string;
}

/** The clusters among a program's resources, by their label or tag `pgha.cluster`. */
export function shapesOf(resources: Declared[]): Shape[] {
  const servers = resources.filter(({ type }) => ["docker:Container", "aws:Instance"].includes(kindOf({ type })) );
  const clusters = [...new Set(servers.map(clusterOf).filter((cluster) => cluster !== undefined))];
  return clusters.map((cluster) => {
    const own = servers.filter((server) => clusterOf(server) === cluster);
    const of = (role: string) => own.filter((server) => rolesOf(server).includes(role)).map((server) => member(server, resources));
    const settings = resources.find(({ type, name }) => type.endsWith(":DynamicSettings") && name.startsWith(cluster));
    const [configuration] = objects(settings?.props.configuration);
    const etcd = of("etcd");
    return {
      on: cluster,
      etcd: etcd.length === 0 ? withEtcd(of("postgres"), resources) : etcd,
      postgres: of("postgres"),
      poolers: of("pgbouncer"),
      backup: of("backup"),
      configuration,
      pools: resources.filter((resource) => own.includes(resource) || (kindOf(resource) === "aws:BucketObjectv2" && resource.name.startsWith(`${cluster}-`))).flatMap(poolsOf),
    };
  });
}

/** Machines of Postgres that hold etcd, where it has none of its own: those with a volume for it, or all where there is no such volume. */
function withEtcd(members: Member[], resources: Declared[]): Member[] {
  const machines = members.filter(({ type }) => type.startsWith("aws:"));
  const holders = machines.filter(({ name }) => resources.some((resource) => kindOf(resource) === "aws:Volume" && resource.name === `${name}-etcd`));
  return holders.length > 0 ? holders : machines;
}

/** Its mark, or what its name begins with: the tag may be one that the provider gives all resources. */
function clusterOf(server: Declared): string | undefined {
  const role = markOf(server, "role");
  return role === undefined ? undefined : (markOf(server, "cluster") ?? server.name.replace(/-[a-z]+-\d+$/, ""));
}

/** From the pgbouncer.ini that a container is given, or a machine by its bundle. */
function poolsOf({ props }: Declared): Record<string, number>[] {
  const uploads = objects(props.uploads).filter(({ file }) => String(file).endsWith("/pgbouncer.ini")).map(({ content }) => content);
  const bundled = typeof props.content === "string" ? iniOf(props.content) : undefined;
  return [...uploads, bundled].filter((ini): ini is string => typeof ini === "string").map(numbersOf);
}

function iniOf(bundle: string): unknown {
  try {
    const files = objects(JSON.parse(bundle))[0]?.files;
    return Object.entries(objects(files)[0] ?? {}).flatMap(([path, file]) => (path.endsWith("/pgbouncer.ini") ? objects(file) : []))[0]?.content;
  } catch {
    return undefined; // no bundle
  }
}

/** A Docker label or an AWS tag `pgha.<key>`. */
function markOf({ props }: Declared, key: string): string | undefined {
  const label = objects(props.labels).find((one) => one.label === `pgha.${key}`)?.value;
  const [tags = {}] = objects(props.tags);
  const value = label ?? tags[`pgha.${key}`] ?? tags[`pgha:${key}`];
  return typeof value === "string" ? value : undefined;
}

/** One server may hold several: "postgres+etcd". */
function rolesOf(server: Declared): string[] {
  return (markOf(server, "role") ?? "").split(/[^a-z]+/);
}

/** An instance is in the zone that it names, or in that of its subnet. */
function member(server: Declared, resources: Declared[]): Member {
  const subnet = resources.find(({ name, type }) => kindOf({ type }) === "aws:Subnet" && (server.refers.subnetId ?? []).includes(name));
  const zone = items(server.props.availabilityZone ?? subnet?.props.availabilityZone).find((one) => typeof one === "string");
  return { name: server.name, type: server.type, zone: zone as string | undefined };
}

function numbersOf(ini: string): Record<string, number> {
  const pairs = [...ini.matchAll(/^(\w+)\s*=\s*(\d+)\s*$/gm)].map(([, key, value]) => [key, Number(value)]);
  return Object.fromEntries(pairs);
}
