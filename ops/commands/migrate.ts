import * as path from "node:path";
import { readSqlFiles } from "../../infra/live/schema/migrations";
import { adopt, fileStates, FileState, Rehearsed, rehearse } from "../../infra/live/schema/rehearsal";
import { describeDrift } from "../../infra/live/drift";
import { repository } from "../../tools/engine/layout";
import { commonOptions, parseOptions, UsageError } from "../arguments";
import { connectionOf } from "../database";
import { readStack } from "../outputs";
import { confirmed } from "../prompt";
import { layOut } from "../table";
import { print, say, Screen, screenOf, Tone } from "../terminal";

export const summary = "which SQL files are applied; tries those that are not, or adopts what is there";

export const usage = `npx pgha migrate [--dry-run | --adopt] [options]

Without an option: each file of sql/ and whether it is applied. \`npm run up\` applies what is not.

  --dry-run          runs what is not applied yet in a transaction that is rolled back, and says what it would change.
                     It takes the locks the files take, for as long as they run
  --adopt            for a database that has these tables already: compares what the files would make with what is there,
                     and when all of it is there as it would be, records the files as applied without running them
  --yes              without asking
  --stack <name>     which deployment (the selected stack, or dev)
  --json             for programs

Exit codes: 0 done, all applied or all would apply; 1 error; 2 wrong usage; 3 files that wait, fail, were edited or cannot be adopted.
`;

const options = {
  ...commonOptions,
  "dry-run": { type: "boolean", default: false },
  adopt: { type: "boolean", default: false },
  yes: { type: "boolean", default: false },
} as const;

export async function run(args: string[]): Promise<number> {
  const { stack, json, yes, adopt: adopting, "dry-run": trying } = parseOptions("migrate", args, options);
  if (adopting && trying) throw new UsageError("--adopt and --dry-run are two things", "npx pgha migrate --help");
  const { outputs } = await readStack(stack);
  const { database, examples } = outputs.cluster;
  const files = readSqlFiles(path.join(process.env.PGHA_ROOT ?? repository, "sql"), examples);
  const connection = connectionOf(outputs);
  const show = (value: unknown, text: (screen: Screen) => string) => print(json, value, () => text(screenOf(process.stdout)));

  if (trying) {
    const rehearsed = await rehearse(connection, database, files);
    show(rehearsed, (screen) => viewRehearsal(rehearsed, screen));
    return rehearsed.some(({ problem }) => problem) ? 3 : 0;
  }
  if (adopting) {
    if (!yes && !(await confirmed(`Type ${database} to have its tables taken for those of sql/, if they are: `, database))) {
      say("refused: not confirmed: type the name of the database, or give --yes");
      return 3;
    }
    const differences = await adopt(connection, database, files);
    show(differences, () => differences.length
      ? `not adopted, nothing was recorded; what the files would make is not what is there:\n${differences.map((each) => `  ${describeDrift(each)}\n    ${each.mend}\n`).join("")}`
      : `adopted: the files are recorded as applied to ${database}\n`);
    return differences.length ? 3 : 0;
  }
  const states = await fileStates(connection, database, files);
  show(states, (screen) => viewStates(states, screen));
  return states.every(({ state }) => state === "applied") ? 0 : 3;
}

function viewStates(states: FileState[], { paint, width }: Screen): string {
  const tones: Record<FileState["state"], Tone> = { applied: "good", pending: "warn", changed: "warn", edited: "bad", gone: "bad" };
  const rows = states.map(({ name, state }) => [{ text: `sql/${name}` }, { text: state, tone: tones[state] }]);
  return `${layOut([{ title: "File" }, { title: "State" }], rows, width, paint).join("\n")}\n`;
}

function viewRehearsal(rehearsed: Rehearsed[], { paint }: Screen): string {
  if (!rehearsed.length) return "nothing to apply\n";
  return rehearsed.map(({ name, milliseconds, changes, problem }) => {
    const verdict = problem ? paint(problem, "bad") : paint(`would apply, ${milliseconds} ms`, "good");
    return [`sql/${name}: ${verdict}`, ...changes.map((change) => `  ${change}`), ""].join("\n");
  }).join("");
}
