import { serve } from "./server";
import { standInAws } from "./standInAws";
import { standInDocker } from "./standInDocker";
import { standInRandom } from "./standInRandom";

const providers = [standInAws, standInDocker, standInRandom];

/** Serves one package to the Pulumi engine until the engine ends the process. */
export async function main(packageName: string, args: string[]): Promise<void> {
  const provider = providers.find(({ name }) => name === packageName);
  if (!provider) {
    const known = providers.map(({ name }) => name).join(", ");
    console.error(`There is no stand-in for "${packageName}"; known: ${known}.`);
    process.exit(1);
  }
  await serve(provider, engineAddress(args));
}

/** The engine's address is the only argument that is neither a flag nor a flag's value. */
export function engineAddress(args: string[]): string | undefined {
  return args.find((arg, i) => !arg.startsWith("-") && args[i - 1] !== "--tracing");
}
