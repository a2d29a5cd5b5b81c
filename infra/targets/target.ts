import * as pulumi from "@pulumi/pulumi";
import { CertificateAuthority } from "../certificates";
import { ClusterSpec } from "../cluster/spec";
import { ClusterSecrets } from "../secrets";

export interface ClusterArgs {
  spec: ClusterSpec;
  secrets: ClusterSecrets;
  authority: CertificateAuthority;
}

export interface Address {
  host: string;
  port: number;
}

/** How clients and operators reach what a target has built. Known at preview; several addresses are alternatives. */
export interface Endpoints {
  poolers: Address[];
  write: Address[];
  read: Address[];
  stats: Address[];
  patroni: Address[];
}

/** What every target gives: servers that run, and the way to them. */
export interface Target extends pulumi.ComponentResource {
  readonly endpoints: Endpoints;
  /** Ids of the Postgres servers; another id is another server. */
  readonly servers: pulumi.Output<string>[];
  /** Everything that must have been started before the cluster can be ready. */
  readonly started: pulumi.Resource[];
}
