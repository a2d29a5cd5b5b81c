import * as readline from "node:readline/promises";

/** Whether the person at the terminal types exactly `wanted`; no without a terminal, so that no script waits for one. */
export async function confirmed(question: string, wanted: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const line = readline.createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await line.question(question)).trim() === wanted;
  } finally {
    line.close();
  }
}
