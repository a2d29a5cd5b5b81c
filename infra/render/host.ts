import { ClusterSpec } from "../cluster/spec";
import { Ec2Node } from "../cluster/ec2";
import { MIB, parseSize } from "../cluster/units";
import { render, RenderedFile } from "./template";

const HUGE_PAGE = 2 * MIB;

/** Huge pages of 2 MiB that shared_buffers and what is beside it take: some 6 % more. Source: `postgres -C shared_memory_size_in_huge_pages` of 18. */
export function hugePages(sharedBuffers: string): number {
  return Math.ceil(((parseSize(sharedBuffers) ?? 0) * 1.06 + 64 * MIB) / HUGE_PAGE);
}

interface SysctlView {
  host: string;
  /** None, or one: only a database wants these. */
  postgres: { hugePages: number }[];
}

/** What a machine is made ready by: kernel settings, limits, time, pages, volumes. */
export function hostFiles(spec: ClusterSpec, node: Ec2Node): RenderedFile[] {
  const { host } = node;
  const sysctl: SysctlView = {
    host,
    postgres: node.role === "postgres" ? [{ hugePages: hugePages(String(spec.settings.shared_buffers)) }] : [],
  };
  return [
    { path: "/etc/sysctl.d/60-pgha.conf", content: render("ec2/60-pgha-sysctl.conf", sysctl) },
    { path: "/etc/security/limits.d/60-pgha.conf", content: render("ec2/60-pgha-limits.conf", { host }) },
    { path: "/etc/chrony/sources.d/pgha.sources", content: render("ec2/pgha.sources", { region: spec.ec2!.config.region }) },
    { path: "/etc/pgha/disks", content: render("ec2/disks", { volumes: node.volumes.map(({ name, path, owner }) => ({ name, path, owner })) }) },
  ];
}

/** The cluster's part of /etc/hosts: a failover asks no name server. */
export function hostsBlock(spec: ClusterSpec): string {
  const machines = spec.ec2!.nodes.map(({ address, names }) => ({ address, names: names.join(" ") }));
  return render("ec2/hosts", { machines });
}
