import { parse } from "yaml";
import { ClusterSpec, PostgresMember } from "../cluster/spec";
import { render, RenderedFile } from "./template";

interface View {
  cluster: string;
  name: string;
  host: string;
  version: number;
  etcd: string[];
  networks: string[];
  /** None, or one. */
  walDirectories: string[];
  /** A YAML mapping. */
  tags: string;
  /** A YAML mapping. */
  watchdog: string;
}

/** What one server is: its name, addresses, certificates. A change of it replaces the server's container. */
export function patroniFile(spec: ClusterSpec, member: PostgresMember): RenderedFile {
  const view: View = {
    cluster: spec.name,
    name: member.name,
    host: member.host,
    version: spec.version,
    etcd: spec.etcd.map(({ host }) => `${host}:2379`),
    networks: spec.networks,
    walDirectories: spec.walDirectory ? [spec.walDirectory] : [],
    tags: JSON.stringify(member.tags),
    watchdog: JSON.stringify(watchdog(spec)),
  };
  return { path: "/etc/pgha/patroni/patroni.yml", content: render("patroni.yml", view) };
}

/**
 * A container's end is its Postgres's end; a machine has to be reset where Patroni hangs on it, before the lease is over: by as much
 * as the answer of etcd can be late by. Patroni's own 5 s would reset it after 3 s of a lease of 8.
 */
function watchdog({ target, timers }: ClusterSpec): { mode: string; safety_margin?: number } {
  return target === "aws" ? { mode: "required", safety_margin: Math.min(5, timers.retryTimeout) } : { mode: "off" };
}

/** Lines of pg_hba.conf, the same on every server. */
export function accessRules(spec: ClusterSpec): string[] {
  return parse(patroniFile(spec, spec.members[0]).content).postgresql.pg_hba;
}
