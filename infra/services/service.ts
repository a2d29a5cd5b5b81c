import type { Endpoints } from "../cluster/endpoints";
import type { Role } from "../cluster/ec2/spec";
import type { ClusterSpec, Kind, Server } from "../cluster/spec";
import type { Scrape } from "../render/scrapes";
import type { RenderedFile } from "../render/template";

/** One service of a cluster, as both targets need it: plain data. A new one is a file like those beside, and a line in index.ts. */
export interface Service<S extends Server = Server> {
  /** Also the label of its containers, its stage in images/Dockerfile and its folder in images/. */
  kind: Kind;
  servers(spec: ClusterSpec): S[];
  ports: Port<S>[];
  /** Configuration, in clear. */
  files(spec: ClusterSpec, server: S): RenderedFile[];
  /** Read at a server's first start only: a change of them replaces and restarts nothing. */
  firstFiles?(spec: ClusterSpec): RenderedFile[];
  secrets(spec: ClusterSpec): Secret[];
  /** What Prometheus collects of its servers. */
  scrapes?: Scrape[];
  /** pgBackRest runs there, too, and knows the others by the common names of certificates that are for it alone. */
  backedUp?: boolean;
  /** Of programs that take a password from there only; `file` holds it on a machine. Values are texts as those of secrets. */
  environment?: { file: string; variables: Record<string, string> };
  /** Made after these, and replaced only while they are well. */
  needs: Kind[];
  /** Replaced only once these have been. */
  waitsFor: Kind[];
  /** What a server has to give away before it goes: the primary's place, or the sessions of the pools behind it. */
  gives?: "leadership" | "pools";
  container: Container;
  machine: Machine;
}

export interface Port<S extends Server = Server> {
  name: string;
  /** Inside a container, and on a machine of its own. */
  number: number;
  /** Who may connect; each reason is a description at AWS, which takes no apostrophe. */
  from: { who: Kind | "clients" | "balancer" | "operators"; why: string }[];
  /** On the machine that the containers share: the key that moves it, and where clients find it. */
  published?: { key: string; endpoint: Exclude<keyof Endpoints, "balancer">; at(server: S): number };
}

/** Becomes a file in memory, /run/secrets/<name>. */
export interface Secret {
  name: string;
  /** With {{names}} of passwords, of roles ({{role:app}}), or of the server's own {{certificate}} and {{key}}. */
  text: string;
  /** Differs from server to server. */
  own?: boolean;
  /** On a machine; default: the service's user alone. */
  owner?: string;
  mode?: string;
}

/** What its containers are given. */
interface Container {
  image?(spec: ClusterSpec): { tag: string; args: Record<string, string> };
  /** Where its volume is mounted. */
  volume?: string;
  /** Bytes. */
  memory(spec: ClusterSpec): number;
  /** Bytes of /dev/shm. */
  sharedMemory?(spec: ClusterSpec): number;
  /** Until a stop is a kill. */
  stopSeconds(spec: ClusterSpec): number;
  /** Seconds between health checks; each costs some 50 ms of processor time. */
  healthInterval: number;
  /** Seconds `up` waits for a server to be healthy. 0: it does not wait. */
  waitSeconds: number;
}

/** What it is on a machine, where systemd runs it. */
interface Machine {
  /** Whose machines it is on. */
  role: Role;
  /** Whom its secrets belong to. */
  user: string;
  packages(spec: ClusterSpec): string[];
  /** Programs, by their path on the machine below /usr/local/lib/pgha. */
  programs: Record<string, string>;
  /** In the order in which they are taken care of. `files`: paths of `files`. */
  units(files: string[]): Unit[];
}

/** One unit, templates/ec2/pgha-<name>.service, and what is done to it when something that it reads is another. */
export interface Unit {
  name: string;
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

/** Where programs are on a machine. */
export const PROGRAMS = "/usr/local/lib/pgha";
export const CERTIFICATES = ["/etc/pgha/ca.crt", "/etc/pgha/tls.crt", "/run/secrets/tls_key"];
