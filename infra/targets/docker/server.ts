import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Certificate, CertificateAuthority } from "../../resources/certificates";
import type { Kind, Server } from "../../cluster/spec";
import type { Secret } from "../../services/service";
import { RenderedFile } from "../../render/template";
import { MIB } from "../../config/units";
import { fill, Values } from "../fill";
import { fingerprint } from "../fingerprint";
import { FINGERPRINT } from "../../live/docker/fingerprint";
import { Handover, HandoverArgs } from "../../resources/containerHandover";

/** What all servers of a cluster share. */
export interface Site {
  cluster: string;
  clusterId: pulumi.Output<string>;
  /** Nothing is made on the engine before it has passed. */
  preflight: pulumi.Resource;
  /** Labels of what the data depends on; the preflight compares them. */
  fixed: { label: string; value: string }[];
  network: docker.Network;
  authority: CertificateAuthority;
}

export interface ServerArgs {
  site: Site;
  server: Server;
  kind: Kind;
  image: pulumi.Input<string>;
  files: RenderedFile[];
  /** Read at the server's first start only: a change of them replaces nothing. */
  firstFiles?: RenderedFile[];
  secrets: Secret[];
  /** For the names in them; its own certificate and key are added. */
  values: Values;
  /** Stay in the environment, for programs that read them there. */
  environment?: Record<string, pulumi.Input<string>>;
  volume?: { name: pulumi.Input<string>; path: string };
  ports: { internal: number; external: number }[];
  /** Bytes; swap is not added. */
  memory: number;
  /** Bytes of /dev/shm. */
  sharedMemory?: number;
  /** Seconds a stop may take before it is a kill. */
  stopSeconds: number;
  /** Seconds between health checks; each costs some 50 ms of processor time. */
  healthInterval: number;
  /** Seconds `up` waits for the server to be healthy. 0: it does not wait. */
  waitSeconds: number;
  /** Runs right before the container is replaced. */
  handover: Pick<HandoverArgs, "neighbours" | "member" | "noticed" | "pools" | "control">;
}

/** One server: its certificate and its container. The container may be replaced at any time; state lives on volumes. */
export class DockerServer extends pulumi.ComponentResource {
  readonly host: string;
  readonly container: docker.Container;
  /** Of all that goes into the container. Another one means another container; a hash, so no secret is in it. */
  readonly fingerprint: pulumi.Output<string>;

  constructor(args: ServerArgs, after: pulumi.Resource[], opts: pulumi.ComponentResourceOptions) {
    const { site, server, kind, firstFiles = [] } = args;
    super("pgha:docker:Server", server.host, {}, opts);
    this.host = server.host;
    const certificate = new Certificate(
      `${server.host}-certificate`,
      { authority: site.authority, unit: server.host, names: server.certificateNames },
      { parent: this },
    );
    const files: { path: string; content: pulumi.Input<string> }[] = [
      ...args.files,
      { path: "/etc/pgha/ca.crt", content: site.authority.certificate },
      { path: "/etc/pgha/tls.crt", content: certificate.certificate },
    ];
    const values = { ...args.values, certificate: certificate.certificate, key: certificate.key };
    const secrets: Record<string, pulumi.Input<string>> = {
      tls_key: certificate.key,
      ...Object.fromEntries(args.secrets.map(({ name, text }) => [name, fill(text, values)])),
    };
    const environment = [
      ...Object.entries(args.environment ?? {}),
      ...Object.entries(secrets).map(([name, value]) => [`SECRET_${name.toUpperCase()}`, value] as const),
    ];

    const replacing = {
      name: server.host,
      hostname: server.host,
      image: args.image,
      envs: environment.map(([name, value]) => pulumi.interpolate`${name}=${value}`),
      uploads: files.map(({ path, content }) => ({ file: path, content })),
      volumes: args.volume ? [{ volumeName: args.volume.name, containerPath: args.volume.path }] : [],
      networksAdvanced: [{ name: site.network.name }],
      ports: args.ports.map((port) => ({ ...port, ip: "127.0.0.1" })),
      shmSize: args.sharedMemory && Math.ceil(args.sharedMemory / MIB),
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges"],
      tmpfs: { "/run/secrets": "", "/tmp": "" },
      logDriver: "json-file",
      logOpts: { "max-size": "10m", "max-file": "3" },
      stopTimeout: args.stopSeconds,
      healthcheck: { tests: ["CMD", "health"], interval: `${args.healthInterval}s`, timeout: "5s", retries: 3, startPeriod: "30s" },
    };
    this.fingerprint = pulumi.unsecret(pulumi.output(replacing).apply(fingerprint));
    const handover = new Handover(
      `${server.host}-handover`,
      { server: server.host, fingerprint: this.fingerprint, ...args.handover },
      { parent: this, dependsOn: after },
    );
    this.container = new docker.Container(
      server.host,
      {
        ...replacing,
        uploads: [...firstFiles.map(({ path, content }) => ({ file: path, content })), ...replacing.uploads],
        labels: [...labels(site, kind), { label: FINGERPRINT, value: this.fingerprint }],
        restart: "unless-stopped",
        memory: Math.ceil(args.memory / MIB),
        memorySwap: Math.ceil(args.memory / MIB),
        destroyGraceSeconds: args.stopSeconds,
        wait: args.waitSeconds > 0,
        waitTimeout: args.waitSeconds || undefined,
      },
      {
        parent: this,
        dependsOn: [handover, ...after],
        ignoreChanges: firstFiles.map((_, index) => `uploads[${index}].content`),
        // The provider records a change of these but cannot apply it
        replaceOnChanges: ["healthcheck", "tmpfs"],
        deleteBeforeReplace: true,
      },
    );
    this.registerOutputs({});
  }
}

/** A volume that outlives its server, its deletion from the program and `pulumi destroy`. */
export function keptVolume(site: Site, kind: Kind, name: string, parent: pulumi.Resource): docker.Volume {
  const fixed = site.fixed.map(({ label, value }) => ({ label, value }));
  const opts = { parent, dependsOn: site.preflight, retainOnDelete: true, ignoreChanges: ["labels"] };
  return new docker.Volume(name, { name, labels: [...labels(site, kind), ...fixed] }, opts);
}

function labels(site: Site, kind: Kind) {
  return [
    { label: "pgha.cluster", value: site.cluster },
    { label: "pgha.cluster-id", value: site.clusterId },
    { label: "pgha.role", value: kind },
  ];
}
