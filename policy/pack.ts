import { Policies, PolicyConfigSchema, PolicyPack, ReportViolation } from "@pulumi/policy";
import { apply, Declared, Rule, UNKNOWN } from "./rule";
import { rules } from "./rules";

/** Placeholders of the engine for what is not known at preview. Source: @pulumi/policy, proxy.ts. */
const unknowns = [
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", "3eeb2bf0-c639-47a8-9e75-3b44932eb421", "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", "030794c1-ac77-496b-92df-f27374a8bd58", "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
];

interface Shown {
  type: string;
  name: string;
  props: Record<string, unknown>;
  opts: { protect: boolean };
  propertyDependencies?: Record<string, { name: string }[]>;
}

function declared({ type, name, props, opts, propertyDependencies = {} }: Shown): Declared {
  const refers = Object.entries(propertyDependencies).map(([key, resources]) => [key, resources.map((resource) => resource.name)]);
  return { type, name, props: plain(props) as Record<string, unknown>, protect: opts.protect, refers: Object.fromEntries(refers) };
}

/** The properties without the pack's proxies, whose every access to something unknown is an error. */
function plain(value: unknown): unknown {
  if (typeof value === "string") return unknowns.includes(value) ? UNKNOWN : value;
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(Object.getOwnPropertyDescriptors(value)).filter(([key]) => key !== "length");
  const copy = fields.map(([key, field]) => [key, plain(field.value)] as const);
  return Array.isArray(value) ? copy.map(([, item]) => item) : Object.fromEntries(copy);
}

const configSchema: PolicyConfigSchema = {
  properties: {
    reason: { type: "string", description: "why this rule does not hold here; for whoever reads the configuration" },
    seconds: { type: "integer", description: "of outage-bounded: seconds that a single failure may stop writes for" },
  },
};

function policyOf(rule: Rule): Policies[number] {
  const report = (found: ReturnType<typeof apply>, tell: ReportViolation) =>
    found.forEach(({ resource, problem }) => tell(`${resource} ${problem}; ${rule.remedy}`));
  const common = { name: rule.name, description: `${rule.reason}.`, remediationSteps: rule.remedy, enforcementLevel: "mandatory" as const, configSchema };
  return "problemsOfStack" in rule
    ? { ...common, validateStack: (args, tell) => report(apply(rule, args.resources.map(declared), args.getConfig()), tell) }
    : { ...common, validateResource: (resource, tell) => report(apply(rule, [declared(resource)]), tell) };
}

/** Starts the pack; the engine asks it from then on. */
export function startPack(): PolicyPack {
  const own = rules.filter((rule) => !("programOnly" in rule && rule.programOnly));
  return new PolicyPack("pgha", { policies: own.map(policyOf) });
}
