import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { UserError } from "../errors";

export const defaultDockerHost = "unix:///var/run/docker.sock";

/** Where a Docker engine may be, and who says so. */
export interface DockerAddress {
  /** As in DOCKER_HOST. */
  readonly host: string;
  /** "DOCKER_HOST", "the docker context x", or undefined where nobody chose it. */
  readonly chosenBy?: string;
  /** What is known to listen there. */
  readonly product?: Product;
  /** Folder of ca.pem, cert.pem and key.pem where it is spoken to over TLS. */
  readonly certificates?: string;
}

export interface Product {
  readonly name: string;
  readonly start: string;
}

interface KnownProduct extends Product {
  readonly contexts: RegExp;
  /** Below the home, or below the folder of the session's sockets where `runtime` says so. */
  readonly sockets: string[];
  readonly runtime?: boolean;
}

const products: KnownProduct[] = [
  { name: "Docker Desktop", start: "start Docker Desktop", contexts: /^desktop-/, sockets: [".docker/run/docker.sock", ".docker/desktop/docker.sock"] },
  { name: "Colima", start: "colima start", contexts: /^colima/, sockets: [".colima/default/docker.sock"] },
  { name: "OrbStack", start: "start OrbStack", contexts: /^orbstack$/, sockets: [".orbstack/run/docker.sock"] },
  { name: "Rancher Desktop", start: "start Rancher Desktop", contexts: /^rancher-desktop$/, sockets: [".rd/docker.sock"] },
  { name: "rootless Docker", start: "systemctl --user start docker", contexts: /^rootless$/, sockets: ["docker.sock"], runtime: true },
  { name: "Podman", start: "systemctl --user start podman.socket", contexts: /^podman/, sockets: ["podman/podman.sock"], runtime: true },
];

/** Where Docker may listen: DOCKER_HOST alone, the chosen context alone, or every known socket that exists. Never empty. */
export function dockerAddresses(env: NodeJS.ProcessEnv): DockerAddress[] {
  const home = env.HOME ?? "/";
  if (env.DOCKER_HOST) {
    const tls = env.DOCKER_TLS_VERIFY || env.DOCKER_CERT_PATH;
    return [{ host: env.DOCKER_HOST, chosenBy: "DOCKER_HOST", certificates: tls && (env.DOCKER_CERT_PATH ?? path.join(home, ".docker")) }];
  }
  const configuration = env.DOCKER_CONFIG ?? path.join(home, ".docker");
  const context = env.DOCKER_CONTEXT ?? readJson(path.join(configuration, "config.json"))?.currentContext;
  if (typeof context === "string" && context !== "" && context !== "default") return [ofContext(context, configuration)];
  const known = products.flatMap((product) => {
    const folder = product.runtime ? env.XDG_RUNTIME_DIR : home;
    return folder ? product.sockets.map((socket) => ({ host: `unix://${path.join(folder, socket)}`, product })) : [];
  });
  const present = [{ host: defaultDockerHost }, ...known].filter(({ host }) => fs.existsSync(host.slice("unix://".length)));
  return present.length > 0 ? present : [{ host: defaultDockerHost }];
}

function ofContext(name: string, configuration: string): DockerAddress {
  const id = createHash("sha256").update(name).digest("hex");
  const host = readJson(path.join(configuration, "contexts", "meta", id, "meta.json"))?.Endpoints?.docker?.Host;
  if (typeof host !== "string" || host === "")
    throw new UserError(`the docker context ${name} does not exist`, "docker context use default, or unset DOCKER_CONTEXT");
  const certificates = path.join(configuration, "contexts", "tls", id, "docker");
  return {
    host,
    chosenBy: `the docker context ${name}`,
    product: products.find(({ contexts }) => contexts.test(name)),
    certificates: fs.existsSync(certificates) ? certificates : undefined,
  };
}

/** The first of these addresses. */
export function dockerHost(env: NodeJS.ProcessEnv): string {
  return dockerAddresses(env)[0].host;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a file of Docker's own, read defensively
function readJson(file: string): any {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Refuses an engine of another machine: the cluster's ports would be published there. */
export function refuseElsewhere({ host, chosenBy = "" }: DockerAddress): void {
  if (host.startsWith("unix://")) return;
  const { protocol, hostname } = URL.canParse(host) ? new URL(host) : { protocol: "", hostname: "" };
  if (/^(tcp|https?):$/.test(protocol) && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) return;
  const back = chosenBy === "DOCKER_HOST" ? "unset DOCKER_HOST" : "docker context use default";
  if (/^(tcp|https?|ssh):$/.test(protocol))
    throw new UserError(
      `Docker runs on another machine (${host}, by ${chosenBy}), where the cluster's ports would be published; nothing was touched`,
      `run pgha on that machine, or use this one's Docker: ${back}`,
    );
  throw new UserError(`${chosenBy} names no address that pgha can use: ${host}`, `unix://… or tcp://localhost:…, or ${back}`);
}
