import * as readline from "node:readline/promises";

/** Whether the person at the terminal types exactly `wanted`; undefined where there is none to be asked. */
export async function confirmed(wanted: string): Promise<boolean | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const prompt = readline.createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await prompt.question(`Type ${wanted} to go on: `)).trim() === wanted;
  } finally {
    prompt.close();
  }
}
