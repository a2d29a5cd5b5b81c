import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterSpec } from "../../cluster/spec";
import type { Ec2Plan } from "../../cluster/ec2/spec";

/** What everything of one cluster shares. */
export interface Site {
  spec: ClusterSpec;
  plan: Ec2Plan;
  /** ARN of the key that encrypts volumes, parameters and objects. */
  key: pulumi.Input<string>;
}

export function named(name: string): { Name: string } {
  return { Name: name };
}

/** `<cluster>-<part>` in at most `most` characters: a longer cluster's name is cut, and a hash keeps it apart from others. */
export function shortName(cluster: string, part: string, most: number): string {
  if (cluster.length + 1 + part.length <= most) return `${cluster}-${part}`;
  const hash = createHash("sha256").update(cluster).digest("hex").slice(0, 4);
  return [cluster.slice(0, most - part.length - hash.length - 2), hash, part].join("-");
}
