import * as pulumi from "@pulumi/pulumi";
import type { ClusterSecrets } from "../secrets";

export type Values = Record<string, pulumi.Output<string>>;

/** Of a cluster's secrets, by the names that services use. */
export function valuesOf({ passwords, roles }: ClusterSecrets): Values {
  return { ...passwords, ...Object.fromEntries(Object.entries(roles).map(([name, password]) => [`role:${name}`, password])) };
}

/** A text of a service with values for its {{names}}; throws for one that has none. */
export function fill(text: string, values: Values): pulumi.Input<string> {
  const parts = text.split(/\{\{([^}]+)\}\}/);
  if (parts.length === 1) return text;
  const filled = parts.map((part, index) => (index % 2 ? valueOf(part, values) : part));
  return pulumi.all(filled).apply((all) => all.join(""));
}

function valueOf(name: string, values: Values): pulumi.Output<string> {
  if (values[name] === undefined) throw new Error(`a service uses {{${name}}}, which is no secret of the cluster`);
  return values[name];
}
