import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../errors";
import { Layout, makeFolder } from "./layout";

export interface Backend {
  /** Whether it is the one in .pgha/, made for somebody who has none. */
  readonly own: boolean;
  readonly summary: string;
  /** Variables to set for the engine. */
  readonly env: NodeJS.ProcessEnv;
}

/** All that a child process needs to be the engine, or to speak with it. */
export interface EngineEnvironment {
  readonly root: string;
  readonly layout: Layout;
  readonly backend: Pick<Backend, "own" | "summary">;
  readonly dockerHost: string;
  /** Providers whose plugins are stand-ins. */
  readonly standIns: string[];
  readonly env: NodeJS.ProcessEnv;
}

/** The state backend somebody is logged in to, or undefined. */
export function loggedIn(env: NodeJS.ProcessEnv): string | undefined {
  if (env.PULUMI_BACKEND_URL) return env.PULUMI_BACKEND_URL;
  if (env.PULUMI_ACCESS_TOKEN) return "Pulumi Cloud";
  const home = env.PULUMI_HOME ?? path.join(env.HOME ?? "/", ".pulumi");
  try {
    const { current } = JSON.parse(fs.readFileSync(path.join(home, "credentials.json"), "utf8"));
    return typeof current === "string" && current !== "" ? current : undefined;
  } catch {
    return undefined;
  }
}

/** What chose that backend, for people. */
function chosenBy(env: NodeJS.ProcessEnv): string {
  const variable = ["PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN"].find((name) => env[name]);
  return variable ? `${variable} is set` : "you are logged in";
}

/** Whether the backend in .pgha/ has a state of the stack. */
export function hasOwnState(stack: string, layout: Layout): boolean {
  const stacks = path.join(layout.state, ".pulumi", "stacks");
  if (!fs.existsSync(stacks)) return false;
  const file = `${stack.split("/").pop()}.json`;
  return fs.readdirSync(stacks, { recursive: true, encoding: "utf8" }).some((name) => path.basename(name) === file);
}

/** Refuses another backend for a stack whose state is in .pgha/: there it would be begun anew, beside its own containers. */
export function demandItsBackend(stack: string, env: NodeJS.ProcessEnv, layout: Layout): void {
  const { own, summary } = ensureBackend(env, layout);
  if (own || !hasOwnState(stack, layout)) return;
  const here = `PULUMI_BACKEND_URL='${pathToFileURL(layout.state).href}'`;
  const name = stack.split("/").pop();
  const option = name === "dev" ? "" : ` --stack ${name}`;
  throw new UserError(
    `nothing was touched: the state of the stack ${name} is in .pgha/state, and ${chosenBy(env)}, so that ${summary} would be used`,
    [
      `to stay with it, set before the command: ${here}`,
      "to move it there, with its passwords, and then remove the file:",
      `  ${here} npm run -s pulumi -- stack export --show-secrets${option} --file moved.json`,
      `  npm run -s pulumi -- stack init ${stack} && npm run -s pulumi -- stack import${option} --file moved.json`,
      `  ${here} npm run -s pulumi -- stack rm ${name} --force --yes --preserve-config`,
    ].join("\n"),
  );
}

/** Uses the backend somebody is logged in to, or makes one in .pgha/ with a passphrase of its own. */
export function ensureBackend(env: NodeJS.ProcessEnv, layout: Layout): Backend {
  const url = loggedIn(env);
  const ownUrl = pathToFileURL(layout.state).href;
  if (url !== undefined && url !== ownUrl) return { own: false, summary: url.replace(/:\/\/[^/@]*@/, "://"), env: {} };
  makeFolder(layout);
  for (const folder of [layout.state, layout.home]) fs.mkdirSync(folder, { recursive: true });
  if (!fs.existsSync(layout.passphrase)) {
    fs.writeFileSync(layout.passphrase, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
  }
  return {
    own: true,
    summary: "files in .pgha/state",
    env: {
      PULUMI_BACKEND_URL: ownUrl,
      PULUMI_HOME: layout.home,
      PULUMI_CONFIG_PASSPHRASE_FILE: layout.passphrase,
      PULUMI_CONFIG_PASSPHRASE: undefined,
      // The salt of the secrets is read from the state, so it need not stand in Pulumi.<stack>.yaml.
      PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    },
  };
}
