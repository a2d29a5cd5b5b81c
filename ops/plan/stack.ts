import { ensureBackend, loggedIn } from "../../tools/engine/backend";
import { selectedStack } from "../../tools/engine/configuration";
import { layoutOf, repository } from "../../tools/engine/layout";

/** The selected stack, or dev; asks nothing of an engine that may not be there yet. */
export function stackOf(env: NodeJS.ProcessEnv = process.env): string {
  const layout = layoutOf(env.PGHA_ROOT ?? repository);
  const own = loggedIn(env) === undefined ? ensureBackend(env, layout).env : {};
  return selectedStack(layout, { ...env, ...own }) ?? "dev";
}
