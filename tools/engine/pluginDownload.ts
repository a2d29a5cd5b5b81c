import { UserError } from "../errors";
import { capture, lastLines, Result } from "../process";
import { outOfReach, remedyOf, Remedies } from "./failures";
import { Layout, makeFolder } from "./layout";

export type Provider = "aws" | "docker" | "random";

/** Milliseconds a plugin's download may take: some 30 MB, and aws some hundred. */
const downloadLimit = 15 * 60_000;

/** What else a download may fail of, and what helps. */
const remedies: Remedies = [
  [/\b407\b|proxy authentication/i, "HTTPS_PROXY=http://user:password@proxy:port, with what is special in them written as %xx"],
  [/x509|certificate/, "where a company's proxy looks into TLS: NODE_EXTRA_CA_CERTS=<file with its authority, PEM>"],
  [/no space left|quota exceeded|read-only file system|permission denied/, "make room for it, then run the command again"],
  [/\b(429|5\d\d)\b|rate limit/, "try again in some minutes"],
];

/** Returns why nobody answered, or undefined when the plugin came. Throws UserError for every other reason. */
export async function downloadPlugin(
  provider: Provider,
  version: string,
  env: NodeJS.ProcessEnv,
  layout: Layout,
): Promise<string | undefined> {
  // Loaded only here: it takes a while
  const { goAuthorities } = require("./network") as typeof import("./network");
  makeFolder(layout);
  const result = await capture("pulumi", ["plugin", "install", "resource", provider, `v${version}`, "--non-interactive"], {
    env: goAuthorities(env, layout),
    timeout: downloadLimit,
    onLine: (line) => outOfReach.test(line),
  });
  if (result.code === 0) return undefined;
  const reason = reasonOf(result);
  if (outOfReach.test(reason) || result.code === 124) return reason;
  throw new UserError(
    `the provider plugin ${provider} ${version} cannot be downloaded: ${reason}`,
    remedyOf(reason, remedies) ?? elsewhere(provider),
  );
}

/** The line that says why, without the engine's words around it. */
function reasonOf({ code, stdout, stderr }: Result): string {
  if (code === 124) return `no end after ${downloadLimit / 60_000} minutes`;
  const said = `${stdout}\n${stderr}`;
  const line = said.split("\n").find((text) => outOfReach.test(text)) ?? /^error: .*$/m.exec(said)?.[0] ?? lastLines(said, 2);
  return line.replace(/^(\[.*?\] )?(warning|error): (Error downloading plugin: )?/i, "").trim();
}

export const elsewhere = (provider: Provider) =>
  `pulumi plugin install resource ${provider}   on a machine that reaches it, then copy ~/.pulumi/plugins\n` +
  "or name a mirror: PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES (https://www.pulumi.com/docs/iac/cli/environment-variables)";
