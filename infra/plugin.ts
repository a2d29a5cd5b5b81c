/**
 * The code of a dynamic provider. The engine keeps a provider's text in the state and runs it in a process of its own,
 * started in the project's folder; so the text holds no more than the way to a module below infra/.
 */
export function load<T>(module: string): T {
  require("tsx/cjs");
  return require(`${process.cwd()}/infra/${module}`);
}
