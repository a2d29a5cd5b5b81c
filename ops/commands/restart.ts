import { Answering, askMembers, restartMembers } from "../../infra/live/patroni/restart";
import { Refused } from "../../infra/live/patroni/switchover";
import { commonOptions, parseWords, UsageError } from "../arguments";
import { controlOf } from "../control";
import { formatSeconds } from "../format";
import { readStack } from "../outputs";
import { confirmed } from "../prompt";
import { print, say } from "../terminal";

export const summary = "restarts Postgres on one member, or on all of them in turn";

export const usage = `npx pgha restart [member] [options]

Standbys first, each well before the next; the primary last, while the poolers hold the writers back: they wait, nothing
fails. Sessions past the poolers end. All of them only while every member answers.

  --yes              without asking
  --stack <name>     which deployment (the selected stack, or dev)
  --json             for programs

Exit codes: 0 done, 1 error, 2 wrong usage, 3 refused: nothing was changed.
`;

const options = { ...commonOptions, yes: { type: "boolean", default: false } } as const;

export async function run(args: string[]): Promise<number> {
  const { values: { stack, json, yes }, words } = parseWords("restart", args, options);
  if (words.length > 1) throw new UsageError("restart takes the name of one member, or none for all", "npx pgha restart --help");
  const { outputs } = await readStack(stack);
  const control = controlOf(outputs);
  try {
    const { answering, silent } = await askMembers(control);
    const members = choose(answering, silent.length, words[0]);
    const wanted = words[0] ?? outputs.cluster.name;
    if (!yes && !(await confirmed(`Type ${wanted} to restart ${members.map(({ name }) => name).join(", ")}: `, wanted)))
      throw new Refused(`not confirmed: type ${wanted}, or give --yes`);
    const started = Date.now();
    await restartMembers({ ...control, patroni: answering.map(({ address }) => address) }, members, { progress: say });
    const seconds = Math.round((Date.now() - started) / 1000);
    print(json, { members: members.map(({ name }) => name), seconds }, () => `done in ${formatSeconds(seconds)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(`refused: ${error.message}`);
    return 3;
  }
}

/** Those to restart; throws Refused where it is not known, or others are away. */
export function choose(answering: Answering[], silent: number, name?: string): Answering[] {
  const chosen = answering.filter((member) => name === undefined || member.name === name);
  const names = answering.map((member) => member.name).join(", ") || "none";
  if (!chosen.length) throw new Refused(`no member ${name ?? ""} answers; there answer ${names}`);
  if (silent && name === undefined) throw new Refused(`only ${names} answer: bring the others back first, or name one`);
  return chosen;
}
