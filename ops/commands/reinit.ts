import { planReinit, reinit } from "../../infra/live/patroni/reinit";
import { Refused } from "../../infra/live/patroni/switchover";
import { commonOptions, parseSeconds, parseWords, UsageError } from "../arguments";
import { controlOf } from "../control";
import { formatSeconds } from "../format";
import { readStack } from "../outputs";
import { confirmed } from "../prompt";
import { print, say } from "../terminal";

export const summary = "deletes a standby's data and copies it anew from the cluster";

export const usage = `npx pgha reinit <member> [options]

For a standby that does not come back by itself: its WAL is gone from the primary, or its data is damaged. Refused for the
primary, and for the last standby that streams. Waits until the member streams again.

  --yes              without asking
  --force            also the last standby that streams
  --timeout <s>      how long it is waited for (3600); the copy goes on after that
  --stack <name>     which deployment (the selected stack, or dev)
  --json             for programs

Exit codes: 0 done, 1 error, 2 wrong usage, 3 refused: nothing was changed.
`;

const options = {
  ...commonOptions,
  yes: { type: "boolean", default: false },
  force: { type: "boolean", default: false },
  timeout: { type: "string", default: "3600" },
} as const;

export async function run(args: string[]): Promise<number> {
  const { values: { stack, json, yes, force, timeout }, words } = parseWords("reinit", args, options);
  const [name] = words;
  if (words.length !== 1) throw new UsageError("reinit takes the name of one member", "npx pgha reinit --help");
  const limit = parseSeconds("reinit", "--timeout", timeout);
  const control = controlOf((await readStack(stack)).outputs);
  try {
    const member = await planReinit(control, name, force);
    say(`${name} (${member.state}): its data is deleted and copied anew`);
    if (!yes && !(await confirmed(`Type ${name} to go on: `, name))) throw new Refused("not confirmed: type the name of the member, or give --yes");
    const seconds = await reinit(control, await planReinit(control, name, force), limit, say);
    print(json, { member: name, seconds }, () => `${name} streams again, after ${formatSeconds(seconds)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(`refused: ${error.message}`);
    return 3;
  }
}
