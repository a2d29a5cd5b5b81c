import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";

/** What Docker's API takes to log in to a registry. */
export type Credentials = { username: string; password: string; serveraddress: string } | { identitytoken: string; serveraddress: string };

/** Under which `docker login` keeps what it was told of Docker Hub. */
const hub = "https://index.docker.io/v1/";

/** The registry of an image's name: Docker Hub's where it names none. */
export function registryOf(image: string): string {
  const [first, ...rest] = image.split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) && first !== "docker.io" ? first : hub;
}

interface DockerConfig {
  auths?: Record<string, { auth?: string; identitytoken?: string }>;
  credHelpers?: Record<string, string>;
  credsStore?: string;
}

/** What `docker login` has noted for the image's registry, in its file or in a keychain; undefined where there is nothing. */
export function credentialsFor(image: string, env: NodeJS.ProcessEnv): Credentials | undefined {
  const serveraddress = registryOf(image);
  const config = readConfig(env);
  const helper = config.credHelpers?.[serveraddress] ?? config.credsStore;
  if (helper) return askHelper(helper, serveraddress, env);
  const { auth, identitytoken } = config.auths?.[serveraddress] ?? {};
  if (identitytoken) return { identitytoken, serveraddress };
  const [, username, password] = /^([^:]+):([^]*)$/.exec(Buffer.from(auth ?? "", "base64").toString("utf8")) ?? [];
  return username === undefined ? undefined : { username, password, serveraddress };
}

function readConfig(env: NodeJS.ProcessEnv): DockerConfig {
  const folder = env.DOCKER_CONFIG ?? path.join(env.HOME ?? "/", ".docker");
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, "config.json"), "utf8")) as DockerConfig;
  } catch {
    return {};
  }
}

function askHelper(helper: string, serveraddress: string, env: NodeJS.ProcessEnv): Credentials | undefined {
  const asked = spawnSync(`docker-credential-${helper}`, ["get"], { env, input: serveraddress, encoding: "utf8", timeout: 30_000 });
  if (asked.status !== 0) return undefined;
  const { Username: username, Secret: password } = JSON.parse(asked.stdout) as { Username: string; Secret: string };
  return username === "<token>" ? { identitytoken: password, serveraddress } : { username, password, serveraddress };
}
