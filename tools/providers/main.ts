import type { Provider } from "./resource";
import { serve } from "./server";

/** Each is loaded where it serves: the client of Docker's API alone takes longer than all of random's work. */
const providers: Record<string, () => Provider> = {
  aws: () => (require("./standInAws") as typeof import("./standInAws")).standInAws,
  docker: () => (require("./standInDocker") as typeof import("./standInDocker")).standInDocker,
  random: () => (require("./standInRandom") as typeof import("./standInRandom")).standInRandom,
};

/** Serves one package to the Pulumi engine until the engine ends the process. */
export async function main(packageName: string, args: string[]): Promise<void> {
  if (!(packageName in providers)) {
    const known = Object.keys(providers).join(", ");
    console.error(`There is no stand-in for "${packageName}"; known: ${known}.`);
    process.exit(1);
  }
  await serve(providers[packageName](), engineAddress(args));
}

/** The engine's address is the only argument that is neither a flag nor a flag's value. */
export function engineAddress(args: string[]): string | undefined {
  return args.find((arg, i) => !arg.startsWith("-") && args[i - 1] !== "--tracing");
}
