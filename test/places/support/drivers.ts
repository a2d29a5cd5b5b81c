import * as path from "node:path";
import { connect } from "../../../clients/node/pgha";
import { capture } from "../../../tools/process";
import { java, must, once } from "../../e2e/support/languages";
import type { Project } from "../../e2e/support/project";

const ASYNCPG = "asyncpg==0.32.0";

/** A driver that is at hand: answers "t" from a standby, "f" from a primary. */
export interface Driver {
  name: string;
  ask(url: string): Promise<string>;
}

/** Those that clients use, each by the URL in the form that docs/connect.md gives it. Says which are not at hand. */
export async function drivers(project: Project, image: () => string): Promise<Driver[]> {
  const said = async (command: string, args: string[], env: NodeJS.ProcessEnv = process.env) => (await must(command, args, { env })).trim();
  const query = "SELECT pg_is_in_recovery()";
  const node = async (url: string) => {
    const client = await connect(url);
    const { rows } = await client.query(query).finally(() => client.end());
    return rows[0].pg_is_in_recovery ? "t" : "f";
  };
  const psql = (url: string) => {
    const options = ["--rm", "--network", "host", "--user", `${process.getuid?.()}:${process.getgid?.()}`, "--volume", `${project.root}:${project.root}:ro`];
    return said("docker", ["run", ...options, "--entrypoint", "psql", image(), url, "-XAtc", query], project.environment);
  };
  const found: Driver[] = [{ name: "node-postgres", ask: node }];
  const take = async (name: string, ready: () => Promise<Driver["ask"]>) => {
    try {
      found.push({ name, ask: await ready() });
    } catch (error) {
      console.log(`    no ${name}: ${(error as Error).message.split("\n")[0]}`);
    }
  };
  await take("psql of the image", async () => ((await capture("docker", ["--version"])).code === 0 ? psql : Promise.reject(new Error("there is no docker command"))));
  await take("JDBC", async () => {
    const jars = path.join(await java.fetch(), "*");
    return (url) => said("java", ["-cp", jars, path.join(__dirname, "Ask.java"), java.url(url)]);
  });
  await take("asyncpg", async () => {
    const PYTHONPATH = await once("asyncpg", ASYNCPG, (target) => must("python3", ["-m", "pip", "install", "--quiet", "--target", target, ASYNCPG]));
    return (url) => said("python3", [path.join(__dirname, "ask.py"), url.split("&connect_timeout")[0]], { ...process.env, PYTHONPATH });
  });
  return found;
}
