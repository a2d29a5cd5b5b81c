import { describeLoss, failover, planFailover } from "../../infra/live/patroni/failover";
import { Refused } from "../../infra/live/patroni/switchover";
import { commonOptions, parseOptions, UsageError } from "../arguments";
import { controlOf } from "../control";
import { formatSeconds } from "../format";
import { readStack } from "../outputs";
import { confirmed } from "../prompt";
import { print, say } from "../terminal";

export const summary = "makes a member the primary when none is left, at the price it states first";

export const usage = `npx pgha failover --to <member> [options]

For when there is no primary and Patroni promotes nobody by itself, because no member is known to have every
acknowledged row. Says what may be lost before anything is done; what others have beyond the new primary is overwritten
when they return. While there is a primary, use pgha switchover.

  --to <member>      the new primary
  --yes              without asking
  --stack <name>     which deployment (the selected stack, or dev)
  --json             for programs

Exit codes: 0 done, 1 error, 2 wrong usage, 3 refused: nothing was changed.
`;

const options = { ...commonOptions, to: { type: "string" }, yes: { type: "boolean", default: false } } as const;

export async function run(args: string[]): Promise<number> {
  const { stack, json, to, yes } = parseOptions("failover", args, options);
  if (to === undefined) throw new UsageError("failover needs to be told who shall be the primary: --to <member>", "npx pgha failover --help");
  const { outputs } = await readStack(stack);
  const control = controlOf(outputs);
  const look = () => planFailover(control, to, outputs.cluster.postgres.map(({ name }) => name));
  try {
    let plan = await look();
    const loss = describeLoss(plan);
    say(loss);
    if (!yes) {
      if (!(await confirmed(`Type ${to} to make it the primary nevertheless: `, to)))
        throw new Refused("not confirmed: type the name of the new primary, or give --yes");
      // Meanwhile a primary may be back, or a member that has more
      plan = await look();
      if (describeLoss(plan) !== loss) throw new Refused(`it is not as it was when you were asked, so ask again:\n${describeLoss(plan)}`);
    }
    const seconds = (await failover(control, plan)) / 1000;
    const report = { to, seconds, complete: plan.complete, lacksAtLeastBytes: plan.behind ?? null, synchronous: plan.to.synchronous, unasked: plan.unasked };
    print(json, report, () => `${to} is the primary after ${formatSeconds(seconds)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(`refused: ${error.message}`);
    return 3;
  }
}
