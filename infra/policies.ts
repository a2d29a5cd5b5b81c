import * as pulumi from "@pulumi/pulumi";
import { describe, evaluate, Exemptions, Finding } from "../policy/evaluate";
import { Declared, SECRET, UNKNOWN } from "../policy/rule";
import { rules } from "../policy/rules";
import { ConfigurationError } from "./config/errors";

/** The rules of policy/ refuse what was declared. Every finding at once. */
export class PolicyError extends ConfigurationError {
  constructor(findings: Finding[]) {
    super([]);
    this.name = "PolicyError";
    this.message = `policies refuse this, nothing was touched:\n${findings.map((finding) => `  ${describe(finding)}`).join("\n")}`;
  }
}

/**
 * Declares resources under the policies: all of them are looked at before the first one is registered, and each once more as
 * soon as the values it comes from are known. A mandatory rule that is broken is an error, an advisory one a warning.
 */
export function underPolicies<T>(exemptions: Exemptions, declare: () => T): T {
  refuseUnknown(exemptions);
  const seen: pulumi.ResourceTransformationArgs[] = [];
  let decide: { pass(): void; refuse(error: unknown): void };
  const verdict = new Promise<void>((pass, refuse) => (decide = { pass, refuse }));
  verdict.catch(() => undefined); // each waiting resource tells of it

  pulumi.runtime.registerStackTransformation((args) => {
    seen.push(args);
    const { props, opts } = args;
    const waited = verdict.then(() => lookAgain(args, exemptions)).then(() => opts.dependsOn ?? []);
    return { props, opts: { ...opts, dependsOn: waited as pulumi.Input<pulumi.Input<pulumi.Resource>[]> } };
  });
  try {
    const declared = declare();
    judge(evaluate(seen.map((args) => atOnce(args, seen)), exemptions));
    decide!.pass();
    return declared;
  } catch (error) {
    decide!.refuse(error);
    throw error;
  }
}

function refuseUnknown(exemptions: Exemptions): void {
  const known = rules.map(({ name }) => name);
  const unknown = Object.keys(exemptions).filter((name) => !known.includes(name));
  if (unknown.length)
    throw new ConfigurationError(unknown.map((name) => ({ key: `pgha:cluster.policies.${name}`, problem: "is no rule", remedy: `use one of ${known.join(", ")}` })));
}

function judge(findings: Finding[]): void {
  for (const finding of findings.filter(({ mandatory }) => !mandatory)) void pulumi.log.warn(describe(finding));
  const refused = findings.filter(({ mandatory }) => mandatory);
  if (refused.length > 0) throw new PolicyError(refused);
}

/** What can be told without waiting: every Output is unknown. */
function atOnce({ type, name, props, opts }: pulumi.ResourceTransformationArgs, seen: pulumi.ResourceTransformationArgs[]): Declared {
  const nameOf = (resource: unknown) => seen.find((args) => args.resource === resource)?.name;
  const refers = Object.entries(props).map(([key, value]) => [key, sourcesOf(value).map(nameOf).filter((one) => one !== undefined)]);
  const { protect, retainOnDelete } = opts as pulumi.CustomResourceOptions;
  return { type, name, props: plain(props) as Record<string, unknown>, protect, retainOnDelete, refers: Object.fromEntries(refers) };
}

/** The resources that an Output comes from, as far as it can say without waiting. */
function sourcesOf(value: unknown): unknown[] {
  return pulumi.Output.isInstance(value) ? [...(value as unknown as { resources(): Set<pulumi.Resource> }).resources()] : [];
}

/** Rules about single resources, on values that come from other resources; what an update will bring stays unknown at preview. */
async function lookAgain(args: pulumi.ResourceTransformationArgs, exemptions: Exemptions): Promise<void> {
  const { type, name, props, opts } = args;
  if (isPlain(props)) return;
  const { protect, retainOnDelete } = opts as pulumi.CustomResourceOptions;
  const known = plain(await pulumi.runtime.serializeProperties(name, props)) as Record<string, unknown>;
  judge(evaluate([{ type, name, props: known, protect, retainOnDelete, refers: {} }], exemptions, single));
}

const single = rules.filter((rule) => "problems" in rule);

function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return !pulumi.Output.isInstance(value) && !(value instanceof Promise) && !pulumi.Resource.isInstance(value) && Object.values(value).every(isPlain);
}

/** Plain data, UNKNOWN and SECRET in place of what may not be looked at. */
function plain(value: unknown): unknown {
  if (value === pulumi.runtime.unknownValue) return UNKNOWN;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (pulumi.Output.isInstance(value) || value instanceof Promise || pulumi.Resource.isInstance(value)) return UNKNOWN;
  if (pulumi.asset.Asset.isInstance(value) || pulumi.asset.Archive.isInstance(value)) return UNKNOWN;
  const mark = (value as Record<string, unknown>)[pulumi.runtime.specialSigKey];
  if (mark !== undefined) return mark === pulumi.runtime.specialSecretSig ? SECRET : UNKNOWN;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
