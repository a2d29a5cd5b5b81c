import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { median } from "../ops/drill/measure";
import { renderPage } from "../ops/drill/page";
import type { Result } from "../ops/drill/result";
import { formatTime } from "../ops/drill/view";
import { layOut } from "../ops/table";
import { screenOf } from "../ops/terminal";
import { eventually, type Project } from "../test/e2e/support/project";
import { repository } from "../tools/engine/layout";
import { CLUSTER, numberOf, onOwnStack } from "./support/ownStack";

const usage = `npm run bench -- failover [--runs 5] [--common 2] [--writers 4]

What failures and rolling changes cost on the default stack, by \`npx pgha drill\`: --runs of each with pgha's settings through
PgBouncer, and in the same run --common of the first ones with the timers most clusters run with, straight through HAProxy.
About 9 minutes a run, and 5 for each of the comparison. Timelines: .pgha/bench/failover.html.
`;

const compared = ["postgres-crash", "clean-stop", "switchover", "host-loss", "silent-cut"];
const others = ["host-loss-with-etcd-leader", "etcd-leader", "etcd-quorum", "haproxy", "pgbouncer"];
/** What rolls through the servers: another container, and a setting that needs restarts; each is another one every time. */
const changes = {
  "rolling up, containers": (run: number) => ({ memory: `${800 + run}MiB` }),
  "rolling up, restarts": (run: number) => ({ memory: "768MiB", parameters: { max_locks_per_transaction: 100 + run } }),
};

async function main() {
  const { values } = parseArgs({
    options: { runs: { type: "string", default: "5" }, common: { type: "string", default: "2" }, writers: { type: "string", default: "4" }, help: { type: "boolean" } },
  });
  if (values.help) return console.log(usage);
  const runs = { runs: numberOf(values.runs, "--runs", 1), common: numberOf(values.common, "--common"), writers: numberOf(values.writers, "--writers", 1) };
  await onOwnStack((project) => measure(project, runs));
}

async function measure(project: Project, { runs, common, writers }: Record<"runs" | "common" | "writers", number>) {
  const configure = (preset: string, postgres: object = { memory: "768MiB" }) =>
    project.configure("bench", { name: CLUSTER, ports: { offset: 24000 }, postgres, availability: { preset } });
  /** An update ends once every container is healthy; proxies with slow checks know of the primary a little later. */
  const healthy = () => eventually(60, async () => void (await project.must("pgha", "status", "--stack", "bench")));
  const drill = async (...args: string[]): Promise<Result[]> => {
    await healthy();
    const { stdout, stderr } = await project.run("pgha", "drill", "--stack", "bench", "--yes", CLUSTER, "--json", "--writers", String(writers), ...args);
    if (!stdout.startsWith("{")) throw new Error(stderr);
    const { results } = JSON.parse(stdout) as { results: Result[] };
    for (const { scenario, paths, rows, verdict } of results) {
      const [pooled, proxied] = ["pgbouncer", "haproxy"].map((name) => paths.find(({ path }) => path === name)!);
      console.log(`  ${scenario.padEnd(27)} ${formatTime(pooled.outage)}, ${pooled.errors + pooled.refused} errors (HAProxy ${formatTime(proxied.outage)}, ${proxied.errors + proxied.refused}), ${rows.lost.length} lost, ${verdict.level}`);
    }
    return results;
  };
  const up = `"${process.execPath}" "${path.join(repository, "tools/bootstrap.js")}" up --stack bench`;
  const found: { ours: Result[]; common: Result[] } = { ours: [], common: [] };
  try {
    configure("common");
    await project.must("up", "--stack", "bench");
    if (common) {
      console.log("the timers most clusters run with");
      found.common = await drill(...compared, "--runs", String(common));
    }
    configure("fast");
    await project.must("up", "--stack", "bench");
    console.log("pgha's");
    found.ours = await drill(...compared, ...others, "--runs", String(runs));
    for (let run = 1; run <= runs; run++)
      for (const [name, postgres] of Object.entries(changes)) {
        configure("fast", postgres(run));
        found.ours.push(...(await drill("--during", up)).map((result) => ({ ...result, scenario: name })));
      }
  } finally {
    if (found.ours.length) save(found);
  }
}

function save({ ours, common }: { ours: Result[]; common: Result[] }) {
  const folder = path.join(repository, ".pgha", "bench");
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, "failover.json"), JSON.stringify({ ours, common }));
  const named = common.map((result) => ({ ...result, scenario: `${result.scenario}, common timers` }));
  fs.writeFileSync(path.join(folder, "failover.html"), renderPage(CLUSTER, [...ours, ...named]));
  console.log(["", ...view(ours, common), "", "  medians (worst); errors: failed statements and connections of all writers; COMMON: the usual timers, through HAProxy"].join("\n"));
}

function view(ours: Result[], common: Result[]): string[] {
  const spread = (values: number[], format: (value: number) => string) => (values.length ? `${format(median(values))} (${format(Math.max(...values))})` : "–");
  const figures = (results: Result[], way: string) => {
    const seen = results.flatMap(({ paths }) => paths.filter(({ path }) => path === way));
    const lost = results.reduce((sum, { rows }) => sum + rows.lost.length, 0);
    return [spread(seen.map(({ outage }) => outage), formatTime), spread(seen.map(({ errors, refused }) => errors + refused), String), results.length ? String(lost) : "–"];
  };
  const titles = ["SCENARIO", "RUNS", "OUTAGE", "ERRORS", "LOST", "COMMON: OUTAGE", "ERRORS", "LOST"];
  const rows = [...new Set(ours.map(({ scenario }) => scenario))].map((name) => {
    const [mine, theirs] = [ours, common].map((results) => results.filter(({ scenario }) => scenario === name));
    return [name, String(mine.length), ...figures(mine, "pgbouncer"), ...figures(theirs, "haproxy")].map((text) => ({ text }));
  });
  const { paint } = screenOf(process.stdout);
  return layOut(titles.map((title, index) => ({ title, align: index ? ("right" as const) : undefined })), rows, 200, paint);
}

main().catch((error: Error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
