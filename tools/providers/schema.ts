import { createHash } from "node:crypto";
import { UNKNOWN } from "./resource";
import type { CheckRequest, CheckResult, Json, Properties } from "./resource";

export type Kind =
  "string" | "number" | "boolean" | "strings" | "stringSet" | "map" | "object" | "objects" | "objectSet";

/** One property as the official provider treats it. */
export interface Property {
  kind: Kind;
  /** Of "object", "objects" and "objectSet". */
  fields?: Schema;
  required?: boolean;
  /** A change makes a new object. */
  replace?: boolean;
  /** A change alone is only written down; with any other replacement it counts as one, too. */
  replaceWithOthers?: boolean;
  /** Docker fills it in when it is not given. */
  computed?: boolean;
  /** Never given, only read back. */
  output?: boolean;
  /** Taking the value away changes nothing. */
  sticky?: boolean;
  /** Filled in by Check when not given. */
  default?: Json;
  /** What is wrong with a value, without repeating it: it may be secret. */
  validate?: (value: never) => string | undefined;
}

export type Schema = Record<string, Property>;

export const isUnknown = (value: Json | undefined): boolean => value === UNKNOWN;

export const containsUnknown = (value: Json | undefined): boolean =>
  value !== undefined && JSON.stringify(value).includes(UNKNOWN);

/** Nothing given: absent, null, or an empty list or map. */
export const isAbsent = (value: Json | undefined): boolean =>
  value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);

/** Validates what the program gives and fills in the defaults, which `__defaults` lists. */
export function checkInputs(schema: Schema, { name, olds, news, randomSeed }: CheckRequest): CheckResult {
  const failures: string[] = [];
  const inputs = checkObject(schema, news, "", failures);
  if (schema.name && inputs.name === undefined) {
    const kept = (olds.__defaults as string[] | undefined)?.includes("name");
    inputs.name = kept ? olds.name : `${name}-${createHash("sha256").update(randomSeed).digest("hex").slice(0, 7)}`;
    inputs.__defaults = [...(inputs.__defaults as string[]), "name"].sort();
  }
  return { inputs, failures };
}

function checkObject(schema: Schema, given: Properties, path: string, failures: string[]): Properties {
  const at = (key: string) => (path ? `${path}.${key}` : key);
  const checked: Properties = {};
  const defaults: string[] = [];
  for (const [key, value] of Object.entries(given)) {
    if (value === null || key === "__defaults") continue;
    const property = schema[key];
    if (!property || property.output) failures.push(`"${at(key)}" is not supported`);
    else checked[key] = checkValue(property, value, at(key), failures);
  }
  for (const [key, property] of Object.entries(schema)) {
    if (checked[key] !== undefined) continue;
    if (property.default !== undefined) {
      checked[key] = property.default;
      defaults.push(key);
    } else if (property.required) failures.push(`"${at(key)}" is missing`);
  }
  return { ...checked, __defaults: defaults.sort() };
}

function checkValue(property: Property, value: Json, path: string, failures: string[]): Json {
  if (isUnknown(value)) return value;
  const expected = expectations[property.kind];
  if (!expected.test(value)) {
    failures.push(`"${path}" must be ${expected.name}`);
    return value;
  }
  const wrong = property.validate?.(value as never);
  if (wrong) failures.push(`"${path}" ${wrong}`);
  if (property.kind === "object") return checkObject(property.fields!, value as Properties, path, failures);
  if (property.kind === "objects" || property.kind === "objectSet") {
    return (value as Json[]).map((element, i) =>
      isUnknown(element) ? element : checkObject(property.fields!, element as Properties, `${path}[${i}]`, failures),
    );
  }
  return value;
}

const isString = (value: Json) => typeof value === "string";
const isObject = (value: Json) => typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (test: (value: Json) => boolean) => (value: Json) =>
  Array.isArray(value) && value.every((element) => isUnknown(element) || test(element));

const strings = { name: "a list of strings", test: listOf(isString) };
const objects = { name: "a list of objects", test: listOf(isObject) };
const expectations: Record<Kind, { name: string; test: (value: Json) => boolean }> = {
  string: { name: "a string", test: isString },
  number: { name: "a whole number", test: Number.isInteger },
  boolean: { name: "true or false", test: (value) => typeof value === "boolean" },
  strings,
  stringSet: strings,
  map: {
    name: "a map of strings",
    test: (value) => isObject(value) && Object.values(value as Properties).every(isString),
  },
  object: { name: "an object", test: isObject },
  objects,
  objectSet: objects,
};

/** The outputs that can be told before Docker answers; `pending` stands where they cannot. */
export function planState(schema: Schema, inputs: Properties, pending: Json): Properties {
  const plan: Properties = {};
  for (const [key, property] of Object.entries(schema)) {
    const value = inputs[key];
    // An empty list is as good as none where Docker fills it in.
    const given = value !== undefined && value !== null && !(property.computed && isAbsent(value));
    if (given) plan[key] = isUnknown(value) ? value : plainValue(property, value);
    else if (property.computed || property.output) plan[key] = pending ?? emptyValue(property);
    else plan[key] = emptyValue(property);
  }
  return plan;
}

/** A value as the state holds it: without `__defaults`, sets in a fixed order. */
function plainValue(property: Property, value: Json): Json {
  if (property.kind === "stringSet") return containsUnknown(value) ? UNKNOWN : [...(value as string[])].sort();
  if (property.kind === "object") return plainObject(property.fields!, value as Properties);
  if (property.kind === "objects" || property.kind === "objectSet") {
    return (value as Json[]).map((element) =>
      isUnknown(element) ? element : plainObject(property.fields!, element as Properties),
    );
  }
  return value;
}

function plainObject(fields: Schema, value: Properties): Properties {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([key]) => value[key] !== undefined && value[key] !== null)
      .map(([key, field]) => [key, isUnknown(value[key]) ? value[key] : plainValue(field, value[key])]),
  );
}

function emptyValue({ kind }: Property): Json {
  if (kind === "boolean") return false;
  return kind === "stringSet" || kind === "objectSet" || kind === "objects" ? [] : null;
}
