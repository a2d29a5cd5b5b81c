import { parseArgs } from "node:util";
import Docker from "dockerode";
import { findEngine } from "../ops/engine";
import { Outputs, readOutputs } from "../ops/outputs";
import { layOut } from "../ops/table";
import { plain } from "../ops/terminal";
import { holdIdle } from "./logs/idle";
import { killArchiver, killIngester, writeThroughFailover } from "./logs/kills";
import { writeInEachLanguage } from "./logs/languages";
import { Measured, writeFast, writeSteadily } from "./logs/measure";
import { makeRows, sizeOf } from "./logs/rows";
import { searchAndArchive } from "./logs/search";
import { Site } from "./logs/site";
import { CLUSTER, numberOf, onOwnStack } from "./support/ownStack";

const usage = `npm run bench -- logs [parts] [options]

Writes to app_logs through PgBouncer and HAProxy over TLS, with quorum replication and all indexes, on a stack of its own that is removed
afterwards, and beside it in the same run psql's \\copy of the same rows straight into the primary. Without a part: write.

  write               COPY by 10,000 and 1,000 rows, INSERT by 1,000, and COPY by 100 rows at a steady 10,000 rows/s,
                      that one also straight to the primary
  writers             COPY by 1,000 rows from 1, 2, 8 and 32 writers at once
  idle                write, while 10,000 idle connections are held over the poolers (--idle <n>)
  search              10 million rows over 12 months (--million <n>): searches, then a month archived while others write
  failover            a million rows written while the primary is killed: by Node, and by Python, Go and Java where they are at hand
  kills               kill -9 of the archiver and of the ingester, 20 times each at random moments (--kills <n>)

  --rows <n>          of each case (200,000)        --runs <n>     of each case; the median counts (3)
  --stack <name>      one that runs already, with logs.enabled: it is written to, and not removed
  --json
`;

const known = ["write", "writers", "idle", "search", "failover", "kills"];
const string = { type: "string" } as const;
const { values, positionals: parts } = parseArgs({
  allowPositionals: true,
  options: { idle: string, million: string, kills: string, rows: string, runs: string, stack: string, json: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
});
const { json } = values;
const flag = (name: "idle" | "million" | "kills" | "rows" | "runs", standard: number) => numberOf(values[name] ?? String(standard), `--${name}`, 1);
const say = (line: string) => void process.stderr.write(`${line}\n`);

async function main() {
  const wrong = parts.find((part) => !known.includes(part));
  if (wrong !== undefined) throw new Error(`there is no part "${wrong}": ${known.join(", ")}`);
  const results: Record<string, unknown> = {};
  await withSite(async (site) => {
    for (const part of parts.length ? parts : ["write"]) {
      say(`${part} …`);
      results[part] = await run[part as keyof typeof run](site);
      if (!json) console.log(`\n${part}\n${show(results[part])}\n`);
    }
  });
  if (json) console.log(JSON.stringify(results, null, 2));
}

const run = {
  write: (site: Site) => write(site),
  writers: async (site: Site) => {
    const rows = makeRows(flag("rows", 200_000), Date.now(), 1);
    const results: Measured[] = [];
    for (const writers of [1, 2, 8, 32])
      results.push(await writeFast(`COPY by 1,000, ${writers} writers`, site.outputs.writeUrl, rows, writers, { batchRows: 1000, connection: site.connection }));
    return results;
  },
  idle: async (site: Site) => {
    const held = await holdIdle(site, flag("idle", 10_000), say);
    try {
      return [...(await write(site)), { name: "idle connections held", count: held.count(), opening: `${held.seconds.toFixed(0)} s` }];
    } finally {
      held.release();
    }
  },
  search: (site: Site) => searchAndArchive(site, flag("million", 10), say),
  failover: async (site: Site) => {
    const rows = flag("rows", 1_000_000);
    const [node] = await writeThroughFailover(site, rows, say);
    await site.recover();
    return [{ ...node, name: `Node, ${node.name}` }, ...(await writeInEachLanguage(site, rows, say))];
  },
  kills: async (site: Site) => [...(await killArchiver(site, flag("kills", 20), say)), ...(await killIngester(site, flag("kills", 20), say))],
};

/** The median of some runs of each case, the cases in turn, so that what the machine does meanwhile meets all of them. */
async function write(site: Site): Promise<Measured[]> {
  const rows = makeRows(flag("rows", 200_000), Date.now(), 1);
  const { writeUrl } = site.outputs;
  const connection = site.connection;
  say(`  ${rows.length} rows of ${Math.round(sizeOf(rows))} bytes`);
  const cases: (() => Promise<Measured>)[] = [
    () => site.plainCopy(rows),
    () => writeFast("COPY by 10,000", writeUrl, rows, 1, { batchRows: 10_000, connection }),
    () => writeFast("COPY by 1,000", writeUrl, rows, 1, { batchRows: 1000, connection }),
    () => writeFast("INSERT by 1,000", writeUrl, rows.slice(0, rows.length / 2), 1, { batchRows: 1000, method: "insert", connection }),
    () => writeSteadily("COPY by 100, 10,000 rows/s", writeUrl, rows, 100, 10_000, connection),
    () => site.direct().then((direct) => writeSteadily("the same, straight to the primary", direct.url, rows, 100, 10_000, direct.connection)),
  ];
  const results: Measured[][] = cases.map(() => []);
  for (let n = 0; n < flag("runs", 3); n++)
    for (const [index, each] of cases.entries()) {
      const result = await each();
      results[index].push(result);
      say(`  ${result.name.padEnd(28)} ${result.rowsPerSecond} rows/s${result.p99 === undefined ? "" : `, P99 ${result.p99} ms`}`);
    }
  const medians = results.map((list) => [...list].sort((a, b) => a.rowsPerSecond - b.rowsPerSecond)[list.length >> 1]);
  // The steady ones always have their rate: their latency is what counts
  for (const steady of [4, 5]) medians[steady] = [...results[steady]].sort((a, b) => a.p99! - b.p99!)[results[steady].length >> 1];
  return medians.map((each) => ({ ...each, toPlainCopy: Math.round((100 * each.rowsPerSecond) / medians[0].rowsPerSecond) / 100 }));
}

function show(result: unknown): string {
  const rows = (Array.isArray(result) ? result : [result]) as Record<string, unknown>[];
  const titles = [...new Set(rows.flatMap(Object.keys))];
  const cell = (value: unknown) => ({ text: value === undefined ? "" : typeof value === "number" ? String(Math.round(value * 100) / 100) : String(value) });
  return layOut(titles.map((title, index) => ({ title, align: index ? ("right" as const) : undefined })), rows.map((row) => titles.map((title) => cell(row[title]))), Infinity, plain).join("\n");
}

async function withSite(work: (site: Site) => Promise<void>): Promise<void> {
  const given = values.stack;
  if (given) {
    const engine = findEngine();
    return work(new Site(await readOutputs(engine, given), given, engine.root, process.env, new Docker()));
  }
  await onOwnStack(async (project) => {
    project.configure("bench", { name: CLUSTER, ports: { offset: 24000 }, logs: { enabled: true }, pgbouncer: { maxClientConnections: 5200 } });
    say("a stack of its own …");
    await project.must("up", "--stack", "bench");
    await work(new Site((await project.outputs("bench")) as unknown as Outputs, "bench", project.root, project.environment, project.docker));
  });
}

if (values.help) console.log(usage);
else main().catch((error: Error) => {
  console.error(`error: ${error.stack}`);
  process.exitCode = 1;
});
