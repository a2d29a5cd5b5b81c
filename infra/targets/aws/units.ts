import { ClusterSpec } from "../../cluster/spec";
import type { Ec2Node } from "../../cluster/ec2/spec";
import { render, RenderedFile } from "../../render/template";

interface View {
  host: string;
  /** Until a stop becomes a kill: Postgres writes a checkpoint first, then its standbys get the last of it. */
  stopSeconds: number;
}

/** The systemd unit `pgha-<unit>.service` of a machine. */
export function unitFile(spec: ClusterSpec, { host }: Ec2Node, unit: string): RenderedFile {
  const view: View = { host, stopSeconds: spec.timers.primaryStopTimeout + 80 };
  return { path: unitPath(unit), content: render(`ec2/pgha-${unit}.service`, view) };
}

export function unitPath(unit: string): string {
  return `/etc/systemd/system/pgha-${unit}.service`;
}
