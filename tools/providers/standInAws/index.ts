import type { DiffKind, Json, Properties, Provider, Resource } from "../resource";
import { replacing } from "./replacing";

const VERSION = "7.48.0";

function refuse(verb: string): never {
  throw new Error(
    `nothing is ${verb} at AWS: this plugin previews only. Install the official one, on a machine that reaches it: pulumi plugin install resource aws v${VERSION}`,
  );
}

/** Any resource: takes its inputs as they are, plans what is given and leaves the rest unknown, and refuses to act. */
const preview = (replace: string[] = []): Resource => ({
  check: ({ news }) => ({ inputs: news, failures: [] }),
  diff: ({ oldInputs, news }) => ({ detailed: differences(replace, oldInputs, news), deleteBeforeReplace: false }),
  plan: (inputs, state) => ({ ...state, ...inputs }),
  create: () => refuse("created"),
  read: () => refuse("read"),
  update: () => refuse("changed"),
  delete: () => refuse("deleted"),
});

function differences(replace: string[], before: Properties, after: Properties): Record<string, DiffKind> {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => !key.startsWith("__"));
  const verb = (old: Json | undefined, value: Json | undefined) => (old === undefined ? "ADD" : value === undefined ? "DELETE" : "UPDATE");
  return Object.fromEntries(
    keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key])).map((key) => {
      const kind = verb(before[key], after[key]);
      return [key, replace.includes(key) ? `${kind}_REPLACE` : kind];
    }),
  );
}

/** Stands in for the official aws plugin in previews, where there is no account or no plugin. It needs no credentials, and has no use for them. */
export const standInAws: Provider = {
  name: "aws",
  version: VERSION,
  resources: Object.fromEntries(Object.entries(replacing).map(([type, properties]) => [type, preview(properties)])),
  others: preview(),
  settings: ["region", "defaultTags", "skipCredentialsValidation", "skipRegionValidation"],
};
