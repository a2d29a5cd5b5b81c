import type { Budget } from "../outputs";
import type { Expected } from "./result";
import { Scenario } from "./scenario";

/** What a scenario may cost: the stack's budget of its failure, the sum of several, or the scenario's own bound. */
export function expect(budget: Budget | undefined, { failure, worst }: Pick<Scenario, "failure" | "worst">): Expected | undefined {
  const found = [failure ?? []].flat().map((name) => budget?.failures.find(({ failure }) => failure === name));
  if (found.length === 0) return worst === undefined ? undefined : { typical: 0, worst, mayLose: "nothing" };
  return found.reduce<Expected | undefined>((sum, one) => (sum && one ? add(sum, one) : undefined), {
    typical: 0,
    worst: 0,
    mayLose: "nothing",
  });
}

function add(one: Expected, other: Expected): Expected {
  const sum = (a: number | null, b: number | null) => (a === null || b === null ? null : a + b);
  const { mayLose } = one.mayLose === "nothing" ? other : one;
  return { typical: sum(one.typical, other.typical), worst: sum(one.worst, other.worst), mayLose };
}
