import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

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

  constructor(cluster: string, opts?: pulumi.ComponentResourceOptions) {
    super("pgha:secrets:ClusterSecrets", `${cluster}-secrets`, {}, opts);
    const kept = { parent: this, protect: true };
    this.clusterId = new random.RandomId(`${cluster}-id`, { byteLength: 8 }, kept).hex;
    const password = (user: User) => new random.RandomPassword(`${cluster}-${dashed(user)}`, { length: 32, special: false }, kept).result;
    this.passwords = Object.fromEntries(USERS.map((user) => [user, password(user)])) as Record<User, pulumi.Output<string>>;
    this.registerOutputs({});
  }
}

function dashed(camelCase: string): string {
  return `${camelCase.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}-password`;
}
