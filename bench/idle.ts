import * as fs from "node:fs";
import { parseArgs } from "node:util";
import Docker from "dockerode";

const usage = `npm run bench -- idle [--cluster pgha-dev] [--seconds 120]

What a running cluster costs at rest: processor time of its containers by their own accounts (health checks that Docker runs in
them included), how many such checks there are, and, where /proc shows it, what Docker itself takes, for all containers here.
`;

const docker = new Docker();

interface Sample {
  at: number;
  /** Seconds of processor time by container. */
  used: Record<string, number>;
  /** Of dockerd, containerd and its shims; what these start is not in it. undefined where the engine is elsewhere. */
  engine?: number;
}

async function main() {
  const { values } = parseArgs({
    options: { cluster: { type: "string", default: "pgha-dev" }, seconds: { type: "string", default: "120" }, help: { type: "boolean" } },
  });
  if (values.help) return console.log(usage);
  const containers = await docker.listContainers({ filters: { label: [`pgha.cluster=${values.cluster}`] } });
  if (!containers.length) throw new Error(`no container of a cluster ${values.cluster} runs here; name it: --cluster <name>`);
  const roles = Object.fromEntries(containers.map(({ Id, Labels }) => [Id, Labels["pgha.role"]]));
  const ids = Object.keys(roles);
  console.log(`${values.cluster}, ${ids.length} containers, over ${values.seconds} s`);
  const before = await sample(ids);
  await new Promise((resolve) => setTimeout(resolve, Number(values.seconds) * 1000));
  const after = await sample(ids);
  const seconds = (after.at - before.at) / 1000;
  const line = (name: string, used: number) => console.log(`  ${name.padEnd(24)} ${((100 * used) / seconds).toFixed(1).padStart(5)} % of a core`);
  const used = (of: string[]) => of.reduce((sum, id) => sum + after.used[id] - before.used[id], 0);
  for (const role of [...new Set(Object.values(roles))].sort()) {
    const those = ids.filter((id) => roles[id] === role);
    line(`${role} × ${those.length}`, used(those));
  }
  line("all of the cluster", used(ids));
  if (before.engine !== undefined && after.engine !== undefined) line("Docker, for all here", after.engine - before.engine);
  console.log(`  ${(await checksASecond(ids)).toFixed(2)} health checks a second, each started by Docker`);
}

async function sample(ids: string[]): Promise<Sample> {
  const used = await Promise.all(ids.map(async (id) => {
    const stats = await docker.getContainer(id).stats({ stream: false, "one-shot": true });
    return [id, stats.cpu_stats.cpu_usage.total_usage / 1e9] as const;
  }));
  return { at: Date.now(), used: Object.fromEntries(used), engine: engineSeconds() };
}

/** Source: proc(5), /proc/<pid>/stat: utime and stime, in hundredths. */
function engineSeconds(): number | undefined {
  if (!fs.existsSync("/proc")) return undefined;
  const times = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const [, name, rest] = fs.readFileSync(`/proc/${pid}/stat`, "utf8").match(/\((.*)\) (.*)/s)!;
      const fields = rest.split(" ");
      return /^(dockerd|containerd.*)$/.test(name) ? [(Number(fields[11]) + Number(fields[12])) / 100] : [];
    } catch {
      return []; // it has ended
    }
  });
  return times.length ? times.reduce((sum, time) => sum + time, 0) : undefined;
}

async function checksASecond(ids: string[]): Promise<number> {
  const rates = await Promise.all(ids.map(async (id) => {
    const { Config } = await docker.getContainer(id).inspect();
    const interval = (Config as { Healthcheck?: { Interval?: number } }).Healthcheck?.Interval;
    return interval ? 1e9 / interval : 0;
  }));
  return rates.reduce((sum, rate) => sum + rate, 0);
}

main().catch((error: Error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
