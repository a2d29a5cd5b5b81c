import * as fs from "fs";
import * as path from "path";
import { createHash } from "node:crypto";
import { preferredSuccessors } from "../../cluster/succession";
import { ClusterSpec } from "../../cluster/spec";
import type { Ec2Node } from "../../cluster/ec2/spec";
import { hostFiles, hostsBlock } from "./host";
import { partsOf, SecretFile, Service } from "./parts";
import { RenderedFile } from "../../render/template";
import { unitFile } from "./units";

interface BundledFile {
  content: string;
  owner: string;
  mode: string;
}

/** All that a machine is, but for its secrets: those it is told the names of. machine/apply.py makes it so. */
export interface Bundle {
  files: Record<string, BundledFile>;
  /** The cluster's part of /etc/hosts. */
  hosts: string;
  /** Restarted when their files change; what a container may refuse. */
  host: Service[];
  /** Started before the secrets and volumes are needed. */
  before: string[];
  secrets: (Pick<SecretFile, "path" | "owner" | "mode"> & { parameter: string })[];
  services: Service[];
  /** Members of Postgres that the leadership is given to, in the order in which they are wanted. */
  successors: string[];
}

const COMMON = ["thp", "secrets", "disks"];
const PROGRAMS = ["apply.py", "atomic.py", "leadership.py", "secret_files.py", "disks"];

/** Where the parameter of a secret is: below its role, or below its machine. */
export function parameterName(spec: ClusterSpec, { role, name }: Ec2Node, secret: Pick<SecretFile, "name" | "own">): string {
  return ["/pgha", spec.name, role, ...(secret.own ? [name] : []), secret.name].join("/");
}

/** What of a machine is secret, or is known only when it is there. */
export function secretFiles(spec: ClusterSpec, node: Ec2Node): SecretFile[] {
  return [
    { name: "tls_key", path: "/run/secrets/tls_key", owner: "root:pgha", mode: "0640", own: true },
    { name: "tls.crt", path: "/etc/pgha/tls.crt", owner: "root:root", mode: "0644", own: true },
    { name: "ca.crt", path: "/etc/pgha/ca.crt", owner: "root:root", mode: "0644" },
    ...(node.volumes.length ? [{ name: "volumes", path: "/run/secrets/volumes", owner: "root:root", mode: "0644", own: true }] : []),
    ...partsOf(spec, node).flatMap(({ secrets }) => secrets),
  ];
}

export function bundle(spec: ClusterSpec, node: Ec2Node): Bundle {
  const parts = partsOf(spec, node);
  const units = [...COMMON, ...parts.flatMap((part) => part.units)].map((unit) => unitFile(spec, node, unit));
  const rendered = [...hostFiles(spec, node), ...units, ...parts.flatMap(({ files }) => files)];
  const programs = {
    ...Object.fromEntries(PROGRAMS.map((name) => [`/usr/local/lib/pgha/${name}`, `machine/${name}`])),
    ...Object.assign({}, ...parts.map((part) => part.programs)),
  };
  const members = spec.members.map(({ name }) => name);
  return {
    files: { ...toFiles(rendered), ...toPrograms(programs) },
    hosts: hostsBlock(spec),
    host: [
      { unit: "systemd-sysctl.service", restart: ["/etc/sysctl.d/60-pgha.conf"] },
      { unit: "chrony.service", restart: ["/etc/chrony/sources.d/pgha.sources"] },
    ],
    before: COMMON.map((unit) => `pgha-${unit}.service`),
    secrets: secretFiles(spec, node).map((secret) => ({ parameter: parameterName(spec, node, secret), path: secret.path, owner: secret.owner, mode: secret.mode })),
    services: parts.flatMap(({ services }) => services),
    successors: node.role === "postgres" ? preferredSuccessors(members, node.name) : [],
  };
}

/** The text of it, and the checksum that goes to the machine another way. */
export function bundleText(bundled: Bundle): { content: string; sha256: string } {
  const content = `${JSON.stringify(bundled, null, 2)}\n`;
  return { content, sha256: createHash("sha256").update(content).digest("hex") };
}

/** A hash of what the restart of a leading service depends on, secrets aside. */
export function restartHash({ services, files }: Bundle): string {
  const read = services.filter(({ leads }) => leads).flatMap(({ restart }) => restart);
  return createHash("sha256").update(JSON.stringify(read.map((file) => files[file]?.content ?? ""))).digest("hex").slice(0, 16);
}

function toFiles(files: RenderedFile[]): Record<string, BundledFile> {
  return Object.fromEntries(files.map(({ path, content }) => [path, { content, owner: "root:root", mode: "0644" }]));
}

function toPrograms(programs: Record<string, string>): Record<string, BundledFile> {
  const read = (file: string) => fs.readFileSync(path.join(__dirname, "../../..", file), "utf8");
  return Object.fromEntries(Object.entries(programs).map(([to, from]) => [to, { content: read(from), owner: "root:root", mode: "0755" }]));
}
