import { items, objects } from "../rule";

/** One statement of an IAM policy, lists where a single word may stand. */
export interface Statement {
  effect: unknown;
  actions: string[];
  resources: string[];
  principals: string[];
  condition: unknown;
  /** It names everything except some: NotAction, NotResource. */
  inverted: boolean;
}

const words = (value: unknown): string[] => items(value).filter((item): item is string => typeof item === "string");

/** The statements of a policy document, text or object; nothing of one that is not known yet. */
export function statementsOf(policy: unknown): Statement[] {
  return objects(parse(policy)).flatMap(({ Statement }) => objects(Statement)).map((one) => ({
    effect: one.Effect,
    actions: words(one.Action),
    resources: words(one.Resource),
    principals: one.Principal === "*" ? ["*"] : objects(one.Principal).flatMap((by) => Object.values(by).flatMap(words)),
    condition: one.Condition,
    inverted: one.NotAction !== undefined || one.NotResource !== undefined || one.NotPrincipal !== undefined,
  }));
}

function parse(policy: unknown): unknown {
  if (typeof policy !== "string") return policy;
  try {
    return JSON.parse(policy);
  } catch {
    return undefined; // the provider refuses it with words of its own
  }
}
