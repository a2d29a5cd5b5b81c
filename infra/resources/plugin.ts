import type * as entries from "./entries";

/**
 * The code of the dynamic providers. The engine keeps a provider's text in the state and runs it in a process of its own,
 * started in the project's folder; so the text holds no more than the way to one module.
 */
export function load(): typeof entries {
  require("tsx/cjs");
  return require(`${process.cwd()}/infra/resources/entries`);
}
