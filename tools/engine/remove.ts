import type Docker from "dockerode";
import { npmRun } from "../arguments";
import { UserError } from "../errors";
import { EngineEnvironment, runPulumi } from "./index";
import { engineUrn } from "./itsEngine";
import { findLeftovers, removeRunning, removeVolumes } from "./leftovers";
import { demand } from "./stack";
import { deploymentOf, exportState, rolePasswordsOf } from "./state";

/** Runs pulumi destroy; a failure is an error that says how to go on. */
export async function destroy(extra: string[], stack: string, engine: EngineEnvironment, command: "up" | "down"): Promise<void> {
  const options = ["--stack", stack, "--yes", "--skip-preview", "--suppress-outputs"];
  const code = await runPulumi(["destroy", ...options, ...extra], engine);
  if (code === 0) return;
  const again = `${npmRun(command, stack)}   (it goes on where it stopped)`;
  throw code === 130
    ? new UserError("interrupted", again)
    : new UserError(`pulumi destroy ended with code ${code}`, `mend what it names above, then: ${again}`);
}

/** Destroys all but what is kept for the next update: passwords, certificates, and volumes outside of the state. */
export async function destroyServers(stack: string, engine: EngineEnvironment, command: "up" | "down"): Promise<void> {
  // Roles' passwords go with the role's declaration, so the program does not protect them; they stay with the data, as all others
  const kept = rolePasswordsOf(await exportState(stack, engine));
  const mark = async (how: "protect" | "unprotect") => {
    if (kept.length > 0) await demand(["state", how, ...kept, "--yes", "--stack", stack], engine);
  };
  await mark("protect");
  // Not beyond it: the next update has to be able to remove a role's that is declared no more
  await destroy(["--exclude-protected"], stack, engine, command).finally(() => mark("unprotect"));
}

/** Takes away all that is left of a cluster whose data is lost, etcd's knowledge of it too; passwords and certificates stay. */
export async function beginAnew(stack: string, docker: Docker, engine: EngineEnvironment): Promise<void> {
  await destroyServers(stack, engine, "up");
  const exported = await exportState(stack, engine);
  const { own } = await findLeftovers(docker, deploymentOf(exported));
  await removeRunning(docker, own);
  await removeVolumes(docker, own);
  const urn = engineUrn(exported);
  if (urn !== undefined) await demand(["state", "delete", urn, "--force", "--yes", "--stack", stack], engine);
}
