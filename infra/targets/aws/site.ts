import * as pulumi from "@pulumi/pulumi";
import type { ClusterSpec } from "../../cluster/spec";
import type { Ec2Plan } from "../../cluster/ec2";

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
