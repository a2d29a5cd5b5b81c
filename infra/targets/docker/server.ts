import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Certificate, CertificateAuthority } from "../../certificates";
import { Server } from "../../cluster/spec";
import { RenderedFile } from "../../render/template";
import { MIB } from "../../cluster/units";

/** What all servers of a cluster share. */
export interface Site {
  cluster: string;
  clusterId: pulumi.Output<string>;
  /** Nothing is made on the engine before it has passed. */
  preflight: pulumi.Resource;
  network: docker.Network;
  authority: CertificateAuthority;
}

export interface ServerArgs {
  site: Site;
  server: Server;
  role: "etcd" | "postgres" | "haproxy" | "pgbouncer";
  image: pulumi.Input<string>;
  files: RenderedFile[];
  /** Become files of that name under /run/secrets, in memory. */
  secrets: Record<string, pulumi.Input<string>>;
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
}

/** One server: its certificate and its container. The container may be replaced at any time; state lives on volumes. */
export class DockerServer extends pulumi.ComponentResource {
  readonly container: docker.Container;

  constructor(args: ServerArgs, opts: pulumi.ComponentResourceOptions & { ignoreChanges?: string[] }) {
    const { site, server, role } = args;
    const { ignoreChanges, dependsOn, ...componentOptions } = opts;
    super("pgha:docker:Server", server.host, {}, componentOptions);
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
    const secrets: Record<string, pulumi.Input<string>> = {
      tls_key: certificate.key,
      ...(role === "haproxy" ? { tls_pem: pulumi.interpolate`${certificate.certificate}${certificate.key}` } : {}),
      ...args.secrets,
    };
    const environment = [
      ...Object.entries(args.environment ?? {}),
      ...Object.entries(secrets).map(([name, value]) => [`SECRET_${name.toUpperCase()}`, value] as const),
    ];

    this.container = new docker.Container(
      server.host,
      {
        name: server.host,
        hostname: server.host,
        image: args.image,
        envs: environment.map(([name, value]) => pulumi.interpolate`${name}=${value}`),
        uploads: files.map(({ path, content }) => ({ file: path, content })),
        volumes: args.volume ? [{ volumeName: args.volume.name, containerPath: args.volume.path }] : [],
        networksAdvanced: [{ name: site.network.name }],
        ports: args.ports.map((port) => ({ ...port, ip: "127.0.0.1" })),
        labels: labels(site, role),
        restart: "unless-stopped",
        memory: Math.ceil(args.memory / MIB),
        memorySwap: Math.ceil(args.memory / MIB),
        shmSize: args.sharedMemory && Math.ceil(args.sharedMemory / MIB),
        capabilities: { drops: ["ALL"] },
        securityOpts: ["no-new-privileges"],
        tmpfs: { "/run/secrets": "", "/tmp": "" },
        logDriver: "json-file",
        logOpts: { "max-size": "10m", "max-file": "3" },
        destroyGraceSeconds: args.stopSeconds,
        stopTimeout: args.stopSeconds,
        healthcheck: { tests: ["CMD", "health"], interval: `${args.healthInterval}s`, timeout: "5s", retries: 3, startPeriod: "30s" },
        wait: args.waitSeconds > 0,
        waitTimeout: args.waitSeconds || undefined,
      },
      // The provider records a change of these but cannot apply it
      { parent: this, dependsOn, ignoreChanges, replaceOnChanges: ["healthcheck", "tmpfs"], deleteBeforeReplace: true },
    );
    this.registerOutputs({});
  }
}

/** A volume that outlives its server, its deletion from the program and `pulumi destroy`. */
export function keptVolume(site: Site, role: ServerArgs["role"], name: string, parent: pulumi.Resource): docker.Volume {
  return new docker.Volume(name, { name, labels: labels(site, role) }, { parent, dependsOn: site.preflight, retainOnDelete: true });
}

function labels(site: Site, role: string) {
  return [
    { label: "pgha.cluster", value: site.cluster },
    { label: "pgha.cluster-id", value: site.clusterId },
    { label: "pgha.role", value: role },
  ];
}
