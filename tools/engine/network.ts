import * as fs from "node:fs";
import * as path from "node:path";
import * as tls from "node:tls";
import { EnvHttpProxyAgent } from "undici";
import { UserError } from "../errors";
import { Layout, makeFolder } from "./layout";

/** Bundles of trusted authorities, where the systems keep them. */
const bundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** The way to the network that the environment describes: HTTPS_PROXY, HTTP_PROXY, NO_PROXY, and whose certificates count. */
export function networkAgent(env: NodeJS.ProcessEnv, silence: number): EnvHttpProxyAgent {
  const tls = { ca: authorities(env), timeout: Math.min(silence, 10_000) };
  return new EnvHttpProxyAgent({
    httpProxy: proxy(env, "http_proxy"),
    httpsProxy: proxy(env, "https_proxy"),
    noProxy: variable(env, "no_proxy"),
    headersTimeout: silence,
    bodyTimeout: silence,
    connect: tls,
    requestTls: tls,
    proxyTls: tls,
  });
}

function variable(env: NodeJS.ProcessEnv, name: string): string {
  return env[name] || env[name.toUpperCase()] || "";
}

function proxy(env: NodeJS.ProcessEnv, name: string): string {
  const value = variable(env, name);
  const url = value === "" || value.includes("://") ? value : `http://${value}`;
  if (url !== "" && !URL.canParse(url))
    throw new UserError(`${name.toUpperCase()} is no address of a proxy`, "http://proxy.example.com:3128, for example");
  return url;
}

/** Node's own authorities, the system's, and those that NODE_EXTRA_CA_CERTS or SSL_CERT_FILE add: a company's own. */
function authorities(env: NodeJS.ProcessEnv): string[] {
  // Node 22.15 and newer reads the system's keychain
  const ofSystem = (tls as { getCACertificates?: (type: string) => string[] }).getCACertificates?.("system") ?? [];
  return [...tls.rootCertificates, ...ofSystem, ...read([env.NODE_EXTRA_CA_CERTS, systemBundle(env)])];
}

function systemBundle(env: NodeJS.ProcessEnv): string | undefined {
  return env.SSL_CERT_FILE || bundles.find((file) => fs.existsSync(file));
}

function read(files: (string | undefined)[]): string[] {
  return files.flatMap((file) => (file && fs.existsSync(file) ? [fs.readFileSync(file, "utf8")] : []));
}

/** What programs written in Go need to trust whom Node trusts: they do not know NODE_EXTRA_CA_CERTS. */
export function goAuthorities(env: NodeJS.ProcessEnv, layout: Layout): NodeJS.ProcessEnv {
  const extra = read([env.NODE_EXTRA_CA_CERTS]);
  if (extra.length === 0) return env;
  makeFolder(layout);
  const file = path.join(layout.folder, "authorities.pem");
  fs.writeFileSync(file, [...read([systemBundle(env)]), ...extra].join("\n"));
  return { ...env, SSL_CERT_FILE: file };
}
