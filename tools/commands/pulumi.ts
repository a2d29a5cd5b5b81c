import { askPulumi, EngineEnvironment, ensureEngine, runPulumi } from "../engine";
import { clusterName, commandOf, optionOf, selectedStack, targetOf } from "../engine/configuration";
import { connectDocker } from "../engine/docker";
import { findAbsence, missingData } from "../engine/itsEngine";
import { otherPlugins } from "../engine/itsPlugins";
import { ensureStack } from "../engine/stack";
import type { Exported } from "../engine/state";
import { UserError } from "../errors";

export const usage = "";

/** Commands of pulumi that work on resources, and so need Docker; the others read and write state and files. */
const working = ["up", "update", "preview", "pre", "refresh", "destroy", "down", "dn", "import", "watch"];

/** Commands that may make, change or delete. */
const acting = ["up", "update", "refresh", "destroy", "down", "dn", "import", "watch"];

/** Runs any pulumi command with the engine's environment; nothing but its own output goes to stdout. */
export async function run(args: string[]): Promise<number> {
  const command = commandOf(args) ?? "";
  const acts = acting.includes(command);
  let chosen: string | undefined;
  const engine = await ensureEngine({
    docker: working.includes(command),
    image: acts,
    preview: !acts,
    stack: (layout, env) => (chosen = optionOf(args, "--stack", "-s") ?? selectedStack(layout, env)),
  });
  if (acts && engine.standIns.includes("aws")) {
    throw new UserError(
      "the provider plugin aws is out of reach, and its stand-in previews only; nothing was touched",
      "pulumi plugin install resource aws   on a machine that reaches it, then copy ~/.pulumi/plugins",
    );
  }
  // `npm run up` makes the stacks of containers; these are made here, so that a preview needs one command
  if (working.includes(command) && chosen !== undefined && targetOf(engine.root, chosen) === "aws")
    await ensureStack(chosen, engine);
  if (acts && chosen !== undefined && targetOf(engine.root, chosen) === "docker") await demandItsData(chosen, engine);
  // Without a stack there is nothing to select yet: pulumi itself then says so.
  if (chosen === undefined && command !== "stack") await askPulumi(["stack", "select", "dev"], engine);
  return runPulumi(args, engine);
}

/** On an engine without the cluster's data a refresh would forget it, and an update begin it anew. */
async function demandItsData(stack: string, engine: EngineEnvironment): Promise<void> {
  const { code, stdout } = await askPulumi(["stack", "export", "--stack", stack], engine);
  // Pulumi itself says why a stack has no state
  if (code !== 0) return;
  const state = JSON.parse(stdout) as Exported;
  const plugins = otherPlugins(state, engine.standIns);
  if (plugins) process.stderr.write(`${plugins}\n`);
  const absence = await findAbsence(state, connectDocker(engine.dockerHost), engine.dockerHost);
  if (absence) throw missingData(absence, clusterName(engine.root, stack), stack, "up");
}
