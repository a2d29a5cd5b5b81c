import { ClusterSpec } from "../cluster/spec";
import { Ec2Node } from "../cluster/ec2/place";
import { bootstrapFile } from "./dynamic";
import { etcdFile } from "./etcd";
import { haproxyFile } from "./haproxy";
import { patroniFile } from "./patroni";
import { pgbouncerFile } from "./pgbouncer";
import { publisherFiles } from "./publishers";
import { RenderedFile } from "./template";
import { Unit, unitPath } from "./units";

/** A service of a machine, and what is done to it when something that it reads is another. */
export interface Service {
  unit: string;
  /** Files whose change restarts it, and those it takes up while it runs. */
  restart: string[];
  reload?: string[];
  /** A program that says by its exit code whether it is well. */
  health?: string;
  /** A file that is there once it has worked: from then on it has to be well after every rollout. Without one it always has to. */
  formed?: string;
  /** It may be the primary, and then gives that away before a restart. */
  leads?: boolean;
}

export interface SecretFile {
  /** Last part of the parameter's name. */
  name: string;
  path: string;
  owner: string;
  mode: string;
  /** Of this machine alone, and not of all machines of its role. */
  own?: boolean;
}

/** Everything about one service on a machine. */
export interface Part {
  units: Unit[];
  files: RenderedFile[];
  /** Programs, by their path in the project. */
  programs: Record<string, string>;
  secrets: SecretFile[];
  services: Service[];
}

const CERTIFICATES = ["/etc/pgha/ca.crt", "/etc/pgha/tls.crt", "/run/secrets/tls_key"];
const PROGRAMS = "/usr/local/lib/pgha";
const inMemory = (name: string, owner: string): SecretFile => ({ name, path: `/run/secrets/${name}`, owner: `${owner}:${owner}`, mode: "0600" });
const service = (unit: Unit, rest: Omit<Service, "unit">): Service => ({ unit: `pgha-${unit}.service`, ...rest, restart: [unitPath(unit), ...rest.restart] });

/** The services of a machine, in the order in which they are taken care of. */
export function partsOf(spec: ClusterSpec, { names }: Ec2Node): Part[] {
  const here = <T extends { host: string }>(servers: T[]) => servers.filter(({ host }) => names.includes(host));
  return [
    ...here(spec.etcd).map((member) => etcd(etcdFile(spec, member))),
    ...here(spec.members).map((member) => postgres(patroniFile(spec, member), bootstrapFile(spec), publisherFiles(spec))),
    ...here(spec.proxies).map((proxy) => haproxy(haproxyFile(spec, proxy))),
    ...here(spec.poolers).map((pooler) => pgbouncer(pgbouncerFile(spec, pooler))),
  ];
}

function etcd(file: RenderedFile): Part {
  return {
    units: ["etcd", "etcd-authentication"],
    files: [file],
    programs: Object.fromEntries(["health", "etcd-authentication", "etcd-member"].map((name) => [`${PROGRAMS}/etcd/${name}`, `images/etcd/${name}`])),
    secrets: [inMemory("etcd_root", "etcd"), inMemory("etcd_patroni", "etcd")],
    services: [
      service("etcd", { restart: [file.path, ...CERTIFICATES], health: `${PROGRAMS}/etcd/health`, formed: "/var/lib/etcd/formed" }),
      service("etcd-authentication", { restart: [] }),
    ],
  };
}

/** The settings a cluster was made with are history: a change of the bootstrap file restarts nothing. */
function postgres(file: RenderedFile, bootstrap: RenderedFile, publishers: RenderedFile[]): Part {
  return {
    units: ["patroni", "leave"],
    files: [file, bootstrap, ...publishers],
    programs: {
      [`${PROGRAMS}/postgres/health`]: "images/postgres/health",
      [`${PROGRAMS}/postgres/before-stop`]: "images/postgres/before-stop",
      [`${PROGRAMS}/postgres/pre-promote`]: "images/postgres/pre-promote",
      [`${PROGRAMS}/postgres/clear-replay`]: "images/postgres/clear-replay",
      [`${PROGRAMS}/postgres/quick-patroni`]: "images/postgres/quick-patroni",
      [`${PROGRAMS}/watchdog`]: "machine/watchdog",
    },
    secrets: [inMemory("patroni.env", "root")],
    services: [
      service("patroni", {
        restart: [file.path, "/run/secrets/patroni.env", ...CERTIFICATES, `${PROGRAMS}/postgres/quick-patroni`],
        health: `${PROGRAMS}/postgres/health`,
        formed: "/var/lib/pgha/data/PG_VERSION",
        leads: true,
      }),
      service("leave", { restart: [] }),
    ],
  };
}

function haproxy(file: RenderedFile): Part {
  return {
    units: ["haproxy"],
    files: [file],
    programs: { [`${PROGRAMS}/haproxy/health`]: "images/haproxy/health" },
    secrets: [inMemory("haproxy.env", "root"), { name: "tls_pem", path: "/run/secrets/tls_pem", owner: "root:haproxy", mode: "0640", own: true }],
    services: [
      service("haproxy", { restart: ["/run/secrets/haproxy.env"], reload: [file.path, "/run/secrets/tls_pem", "/etc/pgha/ca.crt"], health: `${PROGRAMS}/haproxy/health` }),
    ],
  };
}

function pgbouncer(file: RenderedFile): Part {
  const reads = [file.path, "/run/secrets/userlist"];
  return {
    units: ["pgbouncer", "keeper"],
    files: [file],
    programs: {
      [`${PROGRAMS}/pgbouncer/health`]: "images/pgbouncer/health",
      [`${PROGRAMS}/pgbouncer/keeper.py`]: "images/pgbouncer/keeper.py",
      [`${PROGRAMS}/pgbouncer/keep.py`]: "machine/keep.py",
    },
    secrets: [inMemory("userlist", "postgres"), inMemory("pgpass", "postgres")],
    services: [
      service("pgbouncer", { restart: [], reload: [...reads, ...CERTIFICATES], health: `${PROGRAMS}/pgbouncer/health` }),
      service("keeper", { restart: [...reads, "/run/secrets/pgpass", ...CERTIFICATES, `${PROGRAMS}/pgbouncer/keeper.py`, `${PROGRAMS}/pgbouncer/keep.py`] }),
    ],
  };
}
