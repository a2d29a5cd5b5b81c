import { apply, Declared, Problem, Rule } from "./rule";
import { rules } from "./rules";

/** What a configuration says of a rule that is not mandatory for it. */
export interface Exemption {
  level: "advisory" | "disabled";
  reason: string;
}

export type Exemptions = Partial<Record<string, Exemption>>;

export interface Finding extends Problem {
  rule: Pick<Rule, "name" | "reason" | "remedy">;
  mandatory: boolean;
}

/** Everything that rules have against a program's resources. */
export function evaluate(resources: Declared[], exemptions: Exemptions = {}, only: Rule[] = rules): Finding[] {
  return only
    .filter(({ name }) => exemptions[name]?.level !== "disabled")
    .flatMap((rule) => apply(rule, resources).map((problem) => ({ ...problem, rule, mandatory: exemptions[rule.name] === undefined })));
}

/** One finding in a line: rule, resource, what is wrong, what to do. */
export function describe({ rule, resource, problem }: Finding): string {
  return `[${rule.name}] ${resource} ${problem}; ${rule.remedy} (${rule.reason})`;
}
