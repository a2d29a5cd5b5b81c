import * as fs from "node:fs";
import { ensureBackend, loggedIn } from "../tools/engine/backend";
import { findCli, pathWith } from "../tools/engine/cli";
import { selectedStack } from "../tools/engine/configuration";
import { layoutOf, repository } from "../tools/engine/layout";
import { UserError } from "../tools/errors";

/** What is needed to ask an engine that is there already for a stack's outputs. */
export interface ExistingEngine {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** The selected stack, or dev. */
  readonly stack: string;
}

/** The environment of `npm run pulumi`, of what is there: installs, builds and downloads nothing. */
export function findEngine(
  given: NodeJS.ProcessEnv = process.env,
  root = given.PGHA_ROOT ?? repository,
): ExistingEngine {
  const layout = layoutOf(root);
  const cli = findCli(given, layout);
  if (cli === undefined)
    throw new UserError("there is no Pulumi CLI here, so nothing was deployed from here", "npm run up");
  if (loggedIn(given) === undefined && !(fs.existsSync(layout.state) && fs.existsSync(layout.passphrase)))
    throw new UserError("nothing was deployed from here yet", "npm run up");
  const env: NodeJS.ProcessEnv = {
    ...given,
    ...ensureBackend(given, layout).env,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PATH: pathWith(cli.folder, given.PATH),
  };
  return { root: layout.root, env, stack: selectedStack(layout, env) ?? "dev" };
}
