import { ClusterSpec } from "../../cluster/spec";
import type { Ec2Node } from "../../cluster/ec2/spec";
import { MIB, parseSize } from "../../config/units";
import { render, RenderedFile } from "../../render/template";

const HUGE_PAGE = 2 * MIB;

/** Huge pages of 2 MiB for shared_buffers and what is beside it. Measured by `postgres -C shared_memory_size_in_huge_pages` of 18, 200 connections: 109 for 128 MB, 4250 for 8 GB, 16820 for 32 GB. */
export function hugePages(sharedBuffers: string): number {
  return Math.ceil(((parseSize(sharedBuffers) ?? 0) * 1.03 + 96 * MIB) / HUGE_PAGE);
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
    { path: "/etc/pgha/disks", content: render("ec2/disks", { volumes: node.volumes }) },
  ];
}

/** The cluster's part of /etc/hosts: a failover asks no name server. */
export function hostsBlock(spec: ClusterSpec): string {
  const machines = spec.ec2!.nodes.map(({ address, names }) => ({ address, names: names.join(" ") }));
  return render("ec2/hosts", { machines });
}
