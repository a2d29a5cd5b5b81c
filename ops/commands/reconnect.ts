import { freshPlans } from "../../infra/live/pooler/freshPlans";
import { commonOptions, parseOptions } from "../arguments";
import { controlOf } from "../control";
import { readStack } from "../outputs";
import { print } from "../terminal";

export const summary = "has the poolers make their server connections anew, after a migration by another tool";

export const usage = `npx pgha reconnect [options]

Each connection ends as soon as its transaction has, those of readers once the standbys have what the primary has now; clients
notice nothing. A statement that was prepared before its table changed fails until then: cached plan must not change result type.

  --stack <name>     which deployment (the selected stack, or dev)
  --json             for programs

Exit codes: 0 done, 1 error, 2 wrong usage, 3 a pooler did not answer.
`;

export async function run(args: string[]): Promise<number> {
  const { stack, json } = parseOptions("reconnect", args, commonOptions);
  const control = controlOf((await readStack(stack)).outputs);
  const silent = await freshPlans(control, control.databases);
  print(json, { silent }, () => (silent.length ? `no answer of ${silent.join(", ")}\n` : "the poolers' connections are made anew\n"));
  return silent.length ? 3 : 0;
}
