import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { ConfigurationError } from "./config/errors";
import type { ClusterSpec } from "./cluster/spec";

const USERS = [
  "postgres",
  "replicator",
  "rewind",
  "pgbouncer",
  "poolerAdmin",
  "monitoring",
  "application",
  "applicationReadonly",
  "etcdRoot",
  "etcdPatroni",
  "stats",
  // Made whether there are backups or not: turned off, their repository stays
  "backupRepository",
] as const;

export type User = (typeof USERS)[number];

/**
 * The generated passwords of one cluster, and the id that marks the volumes they belong to. Protected, so that
 * `pulumi destroy --exclude-protected` keeps them: data without its passwords could not be taken up again.
 */
export class ClusterSecrets extends pulumi.ComponentResource {
  /** Marks volumes and containers as belonging to this state. */
  readonly clusterId: pulumi.Output<string>;
  readonly passwords: Record<User, pulumi.Output<string>>;

  /** Of the declared roles that log in. */
  readonly roles: Record<string, pulumi.Output<string>>;

  constructor(cluster: string, roles: string[] = [], opts?: pulumi.ComponentResourceOptions) {
    super("pgha:secrets:ClusterSecrets", `${cluster}-secrets`, {}, opts);
    const kept = { parent: this, protect: true };
    this.clusterId = new random.RandomId(`${cluster}-id`, { byteLength: 8 }, kept).hex;
    const password = (name: string) => new random.RandomPassword(`${cluster}-${name}`, { length: 32, special: false }, kept).result;
    this.passwords = Object.fromEntries(USERS.map((user) => [user, password(dashed(user))])) as Record<User, pulumi.Output<string>>;
    // A role that is declared no more takes its password along, so nothing is protected here: `npm run down` does that (tools/engine/state.ts)
    const made = (role: string) => new random.RandomPassword(`${cluster}-role-${role}-password`, { length: 32, special: false }, { parent: this }).result;
    this.roles = Object.fromEntries(roles.map((role) => [role, made(role)]));
    this.registerOutputs({});
  }
}

function dashed(camelCase: string): string {
  return `${camelCase.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}-password`;
}

/** What people have put in for the publishers of other clusters: `pulumi config set --secret pgha:<subscription>Password`. */
export function readSubscriptionPasswords({ databases }: ClusterSpec): Record<string, pulumi.Output<string>> {
  const config = new pulumi.Config("pgha");
  const names = databases.flatMap(({ subscriptions }) => subscriptions.map(({ name }) => name));
  const missing = names.filter((name) => config.getSecret(`${name}Password`) === undefined);
  if (missing.length)
    throw new ConfigurationError(missing.map((name) => ({
      key: `pgha:${name}Password`, problem: `the subscription ${name} needs its password at the publisher`, remedy: `pulumi config set --secret pgha:${name}Password`,
    })));
  return Object.fromEntries(names.map((name) => [name, config.requireSecret(`${name}Password`)]));
}
