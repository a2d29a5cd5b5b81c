import * as pulumi from "@pulumi/pulumi";
import type { ClusterSecrets } from "../secrets";

export type Values = Record<string, pulumi.Output<string>>;

/** Of a cluster's secrets, by the names that services use. */
export function valuesOf({ passwords, statsHash, roles, receivers }: ClusterSecrets): Values {
  const named = (kind: string, secrets: Values) => Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [`${kind}:${name}`, secret]));
  return { ...passwords, "stats:hash": statsHash, ...named("role", roles), ...named("receiver", receivers) };
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
