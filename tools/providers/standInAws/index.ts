import type { Json, Properties, Provider, Resource } from "../resource";

const VERSION = "7.48.0";

function refuse(verb: string): never {
  throw new Error(
    `nothing is ${verb} at AWS: this plugin previews only. Install the official one, on a machine that reaches it: pulumi plugin install resource aws v${VERSION}`,
  );
}

/** Any resource: takes its inputs as they are, plans what is given and leaves the rest unknown, and refuses to act. */
const preview: Resource = {
  check: ({ news }) => ({ inputs: news, failures: [] }),
  // Which change would replace, the official plugin alone knows
  diff: ({ oldInputs, news }) => ({ detailed: differences(oldInputs, news), deleteBeforeReplace: false }),
  plan: (inputs, state) => ({ ...state, ...inputs }),
  create: () => refuse("created"),
  read: () => refuse("read"),
  update: () => refuse("changed"),
  delete: () => refuse("deleted"),
};

function differences(before: Properties, after: Properties): Record<string, "ADD" | "UPDATE" | "DELETE"> {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => !key.startsWith("__"));
  const kind = (old: Json | undefined, value: Json | undefined) => (old === undefined ? "ADD" : value === undefined ? "DELETE" : "UPDATE");
  return Object.fromEntries(
    keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key])).map((key) => [key, kind(before[key], after[key])]),
  );
}

/** Stands in for the official aws plugin in previews, where there is no account or no plugin. It needs no credentials, and has no use for them. */
export const standInAws: Provider = {
  name: "aws",
  version: VERSION,
  resources: {},
  others: preview,
  settings: ["region", "defaultTags", "skipCredentialsValidation", "skipRegionValidation"],
};
