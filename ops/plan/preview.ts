import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { parse, stringify } from "yaml";
import { EngineEnvironment, ensureEngine } from "../../tools/engine";
import { configurationArguments, configurationFile } from "../../tools/engine/configuration";
import { ensureStack, findStack } from "../../tools/engine/stack";
import { UserError } from "../../tools/errors";
import { createLog, Step as Progress } from "../../tools/log";
import { capture, lastLines } from "../../tools/process";
import { Preview, readEvents } from "./events";

/** Milliseconds a preview may take. */
const LIMIT = 10 * 60_000;

export interface Previewed {
  preview: Preview;
  /** There was no such stack: everything is new. */
  isNew: boolean;
}

/** Asks the engine what an update of a stack would do. Changes nothing, and makes no stack where there is none. */
export async function previewStack(stack: string, { refresh = false } = {}): Promise<Previewed> {
  const log = createLog(process.stderr, { quiet: !process.stderr.isTTY });
  const engine = await ensureEngine({ log, stack, image: false, preview: true });
  if (!fs.existsSync(configurationFile(engine.root, stack))) {
    const name = path.basename(configurationFile(engine.root, stack));
    throw new UserError(`there is no ${name} for the stack ${stack}`, `cp Pulumi.dev.yaml ${name}   and change it, or name another stack`);
  }
  const isNew = (await findStack(stack, engine)) === undefined;
  let preview: Preview | undefined;
  await log.step("Preview", async (step) => {
    preview = isNew ? await inPassing(stack, engine, step) : await run(stack, engine, step, refresh ? ["--refresh"] : []);
    return `${preview.steps.length} resources`;
  });
  return { preview: preview!, isNew };
}

async function run(stack: string, engine: EngineEnvironment, step: Progress, further: string[]): Promise<Preview> {
  const args = ["preview", "--stack", stack, "--json", "--non-interactive", ...further];
  const env = { ...engine.env, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" };
  let seen = 0;
  const onLine = (line: string) => void (line.includes('"resourcePreEvent"') && step.progress(`${++seen} resources`));
  const { code, stdout, stderr } = await capture("pulumi", configurationArguments(args, engine), { cwd: engine.root, env, timeout: LIMIT, onLine });
  const preview = readEvents(stdout);
  if (code === 0) return preview;
  const errors = preview.errors.filter((error) => error !== "preview failed");
  const said = errors.length > 0 ? [...new Set(errors)].join("\n") : lastLines(stderr || stdout, 6);
  throw new UserError(`the preview of ${stack} failed${code === 124 ? ` after ${LIMIT / 60_000} minutes` : ""}: ${said}`, "mend what it names, then run the command again");
}

/** Previews a stack in a state of its own, which is gone afterwards; the engine's plugins are the ones that are there. */
async function inPassing(stack: string, engine: EngineEnvironment, step: Progress): Promise<Preview> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-plan-"));
  const remove = () => fs.rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    const at = (name: string) => path.join(folder, name);
    for (const name of ["state", "home"]) fs.mkdirSync(at(name));
    const plugins = path.join(engine.env.PULUMI_HOME ?? path.join(os.homedir(), ".pulumi"), "plugins");
    if (fs.existsSync(plugins)) fs.symlinkSync(plugins, at("home/plugins"));
    const { file, passphrase } = configurationCopy(configurationFile(engine.root, stack), at("Pulumi.copy.yaml"), engine.env);
    const env = { ...engine.env, ...passphrase, PULUMI_BACKEND_URL: pathToFileURL(at("state")).href, PULUMI_HOME: at("home"), PULUMI_ACCESS_TOKEN: undefined };
    const there = { ...engine, env, backend: { own: true, summary: "a copy" }, layout: { ...engine.layout, stack: (name: string) => at(`stack-${name}`) } };
    await ensureStack(stack, there);
    return await run(stack, there, step, ["--config-file", file]);
  } finally {
    process.off("exit", remove);
    remove();
  }
}

/** The configuration for that state. Where nothing in it is encrypted, nobody's passphrase is needed to read it. */
function configurationCopy(file: string, copy: string, env: NodeJS.ProcessEnv) {
  const { encryptionsalt, secretsprovider, ...rest } = (parse(fs.readFileSync(file, "utf8")) as Record<string, unknown> | null) ?? {};
  const encrypted = JSON.stringify(rest).includes('"secure":');
  fs.writeFileSync(copy, stringify(encrypted ? { ...rest, encryptionsalt, secretsprovider } : rest));
  const { PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE } = env;
  const known = { PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE };
  const own = { PULUMI_CONFIG_PASSPHRASE: randomBytes(16).toString("hex"), PULUMI_CONFIG_PASSPHRASE_FILE: undefined };
  return { file: copy, passphrase: encrypted ? known : own };
}
