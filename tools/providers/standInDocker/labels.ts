import type { Json } from "../resource";
import type { Schema } from "../schema";

export const labelFields: Schema = {
  label: { kind: "string", required: true },
  value: { kind: "string", required: true },
};

/** Docker's form of a list of { label, value }. */
export function labelMap(labels: Json | undefined): Record<string, string> {
  const pairs = (labels ?? []) as { label: string; value: string }[];
  return Object.fromEntries(pairs.map(({ label, value }) => [label, value]));
}

/** Docker's labels in the order of the known ones, so that only a real difference shows. */
export function labelList(current: Record<string, string> | undefined, known: Json | undefined): Json {
  const order = ((known ?? []) as { label: string }[]).map(({ label }) => label);
  return Object.entries(current ?? {})
    .sort(([a], [b]) => order.indexOf(a) - order.indexOf(b))
    .map(([label, value]) => ({ label, value }));
}
