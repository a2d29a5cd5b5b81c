import { Project } from "../../test/e2e/support/project";

/** The stack of every benchmark. */
export const CLUSTER = "pgha-bench";

/** Runs `work` on a project of its own; its stack "bench" goes with its data afterwards, also where a signal ends the run. */
export async function onOwnStack(work: (project: Project) => Promise<void>): Promise<void> {
  const project = await Project.create();
  let removal: Promise<void> | undefined;
  const remove = () =>
    (removal ??= (async () => {
      await project.interrupt();
      await project.run("down", "--stack", "bench", "--data", "--yes");
      await project.dispose();
    })());
  const end = () => {
    console.error("\ninterrupted: removing the stack and its data …");
    void remove().finally(() => process.exit(130));
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.once(signal, end);
  try {
    await work(project);
  } finally {
    await remove();
    for (const signal of signals) process.off(signal, end);
  }
}

/** A number of an option, at least `least`. */
export function numberOf(text: string, option: string, least = 0): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least) return number;
  throw new Error(`${option} takes a whole number from ${least} on, not "${text}"`);
}
