import { askPulumi, ensureEngine, runPulumi } from "../engine";
import { optionOf, selectedStack } from "../engine/configuration";

export const usage = "";

/** Commands of pulumi that work on resources, and so need Docker; the others read and write state and files. */
const working = ["up", "update", "preview", "pre", "refresh", "destroy", "down", "dn", "import", "watch"];

/** Runs any pulumi command with the engine's environment; nothing but its own output goes to stdout. */
export async function run(args: string[]): Promise<number> {
  const engine = await ensureEngine({ docker: args.some((argument) => working.includes(argument)) });
  const chosen = optionOf(args, "--stack", "-s") ?? selectedStack(engine.layout, engine.env);
  // Without a stack there is nothing to select yet: pulumi itself then says so.
  if (chosen === undefined && args[0] !== "stack") await askPulumi(["stack", "select", "dev"], engine);
  return runPulumi(args, engine);
}
