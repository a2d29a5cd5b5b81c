import * as pulumi from "@pulumi/pulumi";
import { Certificate, CertificateAuthority } from "../resources/certificates";
import type { Endpoints } from "../cluster/endpoints";
import { ClusterSpec } from "../cluster/spec";
import type { ControlInputs } from "../resources/control";
import type { ReachInputs } from "../resources/control";
import { ClusterSecrets } from "../secrets";

export interface ClusterArgs {
  spec: ClusterSpec;
  secrets: ClusterSecrets;
  authority: CertificateAuthority;
  /** By which Patroni is commanded. */
  operator: Certificate;
}

/** What every target gives: servers that run, and the way to them. */
export interface Target extends pulumi.ComponentResource {
  readonly endpoints: Endpoints;
  readonly control: ControlInputs;
  /** How the endpoints are reached where they cannot be directly. */
  readonly reach?: ReachInputs;
  /** Ids of the Postgres servers; another id is another server. */
  readonly servers: pulumi.Output<string>[];
  /** Everything that must have been started before the cluster can be ready. */
  readonly started: pulumi.Resource[];
}
