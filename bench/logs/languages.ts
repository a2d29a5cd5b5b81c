import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Language, languages, type Program } from "../../test/e2e/support/languages";

/** A database that can be lost, and comes back. */
export interface Lossy {
  /** libpq's, for writers. */
  url: string;
  ask(sql: string, values: unknown[]): Promise<Record<string, number>[]>;
  /** Ends the primary at once. */
  lose(): Promise<void>;
  /** All of it is there again. */
  recover(): Promise<void>;
}

/** What each language's snippet wrote, the primary lost after a third of the rows. A language that is not at hand is named, and left out. */
export async function writeInEachLanguage(database: Lossy, count: number, say: (line: string) => void) {
  const results = [];
  for (const language of languages) {
    let program: Program;
    try {
      program = await language.build(await language.fetch());
    } catch (error) {
      say(`  ${language.name} is not at hand: ${(error as Error).message.split("\n")[0]}`);
      continue;
    }
    results.push(await writeThroughLoss(language, program, database, count, say));
    await database.recover();
  }
  return results;
}

async function writeThroughLoss({ name, url }: Language, { command, args, env }: Program, database: Lossy, count: number, say: (line: string) => void) {
  const source = `loss-${name.toLowerCase()}-${Date.now()}`;
  const started = performance.now();
  const written = run(command, [...args, source, String(Math.ceil(count / 1000))], { ...process.env, ...env, WRITE_URL: url(database.url) });
  const committed = async () => (await database.ask("SELECT rows::int FROM app.log_sources WHERE source = $1", [source]))[0]?.rows ?? 0;
  let before = 0;
  while ((before = await committed()) < count / 3) {
    if (written.ended()) throw new Error(`${name} ended before a third of its rows: ${(await written.output).stderr}`);
    await sleep(100);
  }
  await database.lose();
  say(`  ${name}: the primary is lost after ${before} rows`);
  const { code, stdout, stderr } = await written.output;
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${stderr}`);
  const sql = "SELECT count(*)::int AS rows, count(DISTINCT metadata->>'n')::int AS different FROM app.app_logs WHERE app_name = $1";
  const [{ rows, different }] = await database.ask(sql, [source]);
  const wanted = Math.ceil(count / 1000) * 1000;
  return { name: `${name}, through the loss of the primary`, rows, lost: wanted - different, twice: rows - different, seconds, said: stdout.trim() };
}

function run(command: string, args: string[], env: NodeJS.ProcessEnv) {
  let over = false;
  const output = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(command, args, { env }, (_, stdout, stderr) => {
      over = true;
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
  return { output, ended: () => over };
}
