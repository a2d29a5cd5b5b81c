/** A value that is not known before an update, or whose text is an Output's: no rule complains of it. */
export const UNKNOWN = Symbol("unknown");
/** A value that the program has marked as secret. */
export const SECRET = Symbol("secret");

/** A resource as a program declares it: plain data, with UNKNOWN and SECRET in place of what may not be looked at. */
export interface Declared {
  /** "aws:ec2/instance:Instance". */
  type: string;
  name: string;
  props: Record<string, unknown>;
  /** undefined where whoever asks cannot tell. */
  protect?: boolean;
  retainOnDelete?: boolean;
  /** Names of the resources that a property comes from. */
  refers: Record<string, string[]>;
}

export interface Problem {
  /** Name of the resource. */
  resource: string;
  problem: string;
}

interface Common {
  /** How it is called in findings and in configurations: "no-open-ingress". */
  name: string;
  /** What happens to people who do it anyway. */
  reason: string;
  /** What to write instead. */
  remedy: string;
}

/** Looks at one resource at a time. */
export interface ResourceRule extends Common {
  /** What is wrong with it; nothing for resources of other kinds. */
  problems(resource: Declared): string[];
  /** Needs marks that only the program has, of secrets or of retainOnDelete: the pack leaves it out. */
  programOnly?: boolean;
}

/** Looks at all resources together. `seconds`: of outage that are allowed, where somebody has declared it. */
export interface StackRule extends Common {
  problemsOfStack(resources: Declared[], declared?: { seconds?: number }): Problem[];
}

export type Rule = ResourceRule | StackRule;

/** The problems of one rule with all of a program's resources. */
export function apply(rule: Rule, resources: Declared[], declared?: { seconds?: number }): Problem[] {
  if ("problemsOfStack" in rule) return rule.problemsOfStack(resources, declared);
  return resources.flatMap((resource) => rule.problems(resource).map((problem) => ({ resource: resource.name, problem })));
}

/** A rule for resources of some types. `kinds`: the last part of a type token, or what begins with "docker:" and the like in full. */
export function forKinds(kinds: string[], problems: (props: Record<string, unknown>, resource: Declared) => string[]) {
  return (resource: Declared) => (kinds.includes(kindOf(resource)) ? problems(resource.props, resource) : []);
}

/** "aws:ec2/instance:Instance" → "aws:Instance"; the versions of one resource (BucketV2) are the same kind. */
export function kindOf({ type }: Pick<Declared, "type">): string {
  return `${type.split(":")[0]}:${type.split(":").pop()}`.replace(/V\d$/, "");
}

/** The items of a property that may hold one, several, or nothing that is known. */
export function items(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined || value === null || typeof value === "symbol" ? [] : [value];
}

/** Nested objects of a property. */
export function objects(value: unknown): Record<string, unknown>[] {
  return items(value).filter((item): item is Record<string, unknown> => typeof item === "object" && item !== null);
}

/** Whether a property is known and not this value; one that was left out counts as known. */
export function isNot(value: unknown, wanted: unknown): boolean {
  return typeof value !== "symbol" && value !== wanted;
}

export const oneOf = (condition: boolean, problem: string): string[] => (condition ? [problem] : []);
