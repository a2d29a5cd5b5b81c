import { containsUnknown, isAbsent, isUnknown } from "./schema";
import type { Property, Schema } from "./schema";
import type { Diff, DiffKind, Json, Properties } from "./resource";

type Change = "ADD" | "DELETE" | "UPDATE";
type Changes = Record<string, Change>;

/** Compares as the official provider does: new inputs with what is, not with what was asked for before. */
export function diffState(schema: Schema, state: Properties, news: Properties): Diff {
  const detailed: Record<string, DiffKind> = {};
  const replaceWithOthers: string[] = [];
  for (const key of Object.keys(schema).sort()) {
    const property = schema[key];
    for (const [path, change] of Object.entries(changesOf(key, property, state[key], news[key]))) {
      detailed[path] = property.replace ? `${change}_REPLACE` : change;
      if (property.replaceWithOthers) replaceWithOthers.push(path);
    }
  }
  if (Object.values(detailed).some((kind) => kind.endsWith("_REPLACE"))) {
    for (const path of replaceWithOthers) detailed[path] = `${detailed[path] as Change}_REPLACE`;
  }
  return { detailed, deleteBeforeReplace: true };
}

function changesOf(path: string, property: Property, old: Json | undefined, value: Json | undefined): Changes {
  if (value === undefined || value === null) return changesWhenNotGiven(path, property, old);
  if (isUnknown(value)) return { [path]: isAbsent(old) ? "ADD" : "UPDATE" };
  switch (property.kind) {
    case "string":
    case "number":
    case "boolean":
      return scalarChanges(path, old, value);
    case "strings":
      return listChanges(path, old, value, scalarChanges);
    case "stringSet":
      return setChanges(path, old, value, property);
    case "map":
      return mapChanges(path, old, value);
    case "object":
      return objectChanges(path, property.fields!, old, value);
    case "objects":
      return listChanges(path, old, value, (at, before, after) => objectChanges(at, property.fields!, before, after));
    case "objectSet":
      return setChanges(path, old, value, property);
  }
}

function changesWhenNotGiven(path: string, property: Property, old: Json | undefined): Changes {
  if (property.computed || property.output) {
    // A list that was never read back: the container failed while it was being made.
    const isList = property.kind === "strings" || property.kind === "objects";
    return isList && old === null ? { [path]: "ADD" } : {};
  }
  if (property.sticky || isZero(old)) return {};
  return { [path]: property.kind === "boolean" ? "UPDATE" : "DELETE" };
}

const isZero = (value: Json | undefined) => isAbsent(value) || value === "" || value === 0 || value === false;

function scalarChanges(path: string, old: Json | undefined, value: Json | undefined): Changes {
  if (old === value || (isZero(old) && isZero(value))) return {};
  if (value === undefined) return { [path]: "DELETE" };
  return { [path]: isAbsent(old) ? "ADD" : "UPDATE" };
}

function listChanges(
  path: string,
  old: Json | undefined,
  value: Json,
  compare: (path: string, old: Json | undefined, value: Json | undefined) => Changes,
): Changes {
  const whole = wholeChange(path, old, value);
  if (whole) return whole;
  const [before, after] = [old as Json[], value as Json[]];
  const changes: Changes = {};
  for (let i = 0; i < Math.max(before.length, after.length); i++) {
    const at = `${path}[${i}]`;
    if (i >= before.length) changes[at] = "ADD";
    else if (i >= after.length) changes[at] = "DELETE";
    else Object.assign(changes, compare(at, before[i], after[i]));
  }
  return changes;
}

/** Something from nothing and nothing from something are changes of the whole property. */
function wholeChange(path: string, old: Json | undefined, value: Json): Changes | undefined {
  if (isAbsent(value)) return isAbsent(old) ? {} : { [path]: "DELETE" };
  return isAbsent(old) ? { [path]: "ADD" } : undefined;
}

function setChanges(path: string, old: Json | undefined, value: Json, property: Property): Changes {
  const whole = wholeChange(path, old, value);
  if (whole) return whole;
  if (containsUnknown(value)) return { [path]: "UPDATE" };
  const key = (element: Json) => JSON.stringify(canonical(element, property));
  const [before, after] = [old as Json[], value as Json[]];
  const [beforeKeys, afterKeys] = [before.map(key), after.map(key)];
  const removed = before.map((_, i) => i).filter((i) => !afterKeys.includes(beforeKeys[i]));
  const added = after.map((_, i) => i).filter((i) => !beforeKeys.includes(afterKeys[i]));
  if (removed.length + added.length === 0) return {};
  if (!after.every((element) => givesEveryField(element, property))) return { [path]: "UPDATE" };

  const changes: Changes = {};
  for (const i of [...new Set([...removed, ...added])].sort((a, b) => a - b)) {
    const at = `${path}[${i}]`;
    if (!added.includes(i)) changes[at] = "DELETE";
    else if (!removed.includes(i)) changes[at] = "ADD";
    else if (property.fields) Object.assign(changes, objectChanges(at, property.fields, before[i], after[i]));
    else changes[at] = "UPDATE";
  }
  return changes;
}

/** The official provider names the element that changed only when it knows the element in full. */
const givesEveryField = (element: Json, { fields }: Property) =>
  !fields || Object.keys(fields).every((key) => (element as Properties)[key] !== undefined);

/** Equal for equal meaning: absent, empty, zero and false are the same, sets have no order. */
function canonical(value: Json | undefined, property: Property): Json {
  if (isZero(value)) return null;
  const { kind, fields } = property;
  if (Array.isArray(value) && kind === "stringSet") return [...value].sort();
  if (fields && typeof value === "object") {
    return Object.entries(fields).map(([key, field]) => canonical((value as Properties)[key], field));
  }
  return value!;
}

function mapChanges(path: string, old: Json | undefined, value: Json): Changes {
  const whole = wholeChange(path, old, value);
  if (whole) return whole;
  const [before, after] = [old as Properties, value as Properties];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return Object.assign(
    {},
    ...keys.map((key) => scalarChanges(`${path}[${JSON.stringify(key)}]`, before[key], after[key])),
  );
}

function objectChanges(path: string, fields: Schema, old: Json | undefined, value: Json | undefined): Changes {
  if (isAbsent(old)) return Object.values(value as Properties).every(isZero) ? {} : { [path]: "ADD" };
  const [before, after] = [old as Properties, value as Properties];
  return Object.assign(
    {},
    ...Object.entries(fields).map(([key, field]) => changesOf(`${path}.${key}`, field, before[key], after[key])),
  );
}
