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
  /** Resolves when every Postgres server is healthy and the proxies are up; depend on it before talking SQL. */
  readonly ready: pulumi.Resource[];
}
