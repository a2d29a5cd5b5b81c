import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LogWriter } from "../../clients/node/logs";
import { readManifests } from "../../ops/logs/manifest";
import { openStore } from "../../ops/logs/store";
import { makeRows } from "./rows";
import { Site } from "./site";

const WHOLE = "count(*)::int AS rows, sum(hashtextextended(concat_ws('|', id, app_name, level, message, metadata, created_at), 0))::text AS hash";

/** Each time a partition of its own is archived, the archiver killed at a random moment, archived again, loaded back and compared. */
export async function killArchiver(site: Site, kills: number, say: (line: string) => void) {
  const place = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-archive-"));
  const archive = ["logs", "archive", "--to", place];
  const during: Record<string, number> = {};
  let typical = 500;
  try {
    for (let n = 0; n <= kills; n++) {
      const month = `${2001 + Math.floor(n / 12)}-${String((n % 12) + 1).padStart(2, "0")}-01`;
      const partition = `app.app_logs_p${month.replaceAll("-", "")}`;
      const wanted = await site.session(async (client) => {
        await client.query(`DROP TABLE IF EXISTS ${partition}_restored`);
        await client.query("SELECT pgha.create_partition_if_not_exists('app.app_logs', $1::timestamptz, $1::timestamptz + interval '1 month')", [month]);
        await client.query(`INSERT INTO app.app_logs (app_name, level, message, metadata, created_at)
          SELECT 'kills', 'info', E'quo"ted,\\n' || n, jsonb_build_object('n', n), $1::timestamptz + n * interval '1 minute' FROM generate_series(0, 19999) AS n`, [month]);
        return (await client.query(`SELECT ${WHOLE} FROM ${partition}`)).rows[0];
      });
      const { child, ended } = site.pgha(...archive);
      await new Promise((resolve) => child.stderr!.once("data", resolve));
      const started = performance.now();
      if (n > 0) {
        await sleep(Math.random() * typical);
        child.kill("SIGKILL");
      }
      const { stderr } = await ended;
      if (n === 0) typical = performance.now() - started;
      const at = n === 0 ? "not killed" : (stderr.trim().split(/: |\n/).pop() ?? "");
      during[at] = (during[at] ?? 0) + 1;
      await must(site, ...archive);
      await must(site, "logs", "restore", partition, "--to", place);
      const archives = (await readManifests(openStore({ archive: place, hotDays: 1, keepArchivesDays: 1 }, site.outputs.cluster.name), say)).filter((each) => each.partition === partition);
      const found = await site.session(async (client) => {
        const { rows: [row] } = await client.query(`SELECT ${WHOLE}, to_regclass($1) IS NULL AS gone FROM ${partition}_restored`, [partition]);
        await client.query(`DROP TABLE ${partition}_restored`);
        return row;
      });
      if (found.rows !== wanted.rows || found.hash !== wanted.hash || !found.gone || archives.length !== 1)
        throw new Error(`killed during ${at}: ${JSON.stringify({ wanted, found, archives: archives.length })}`);
      say(`  archiver ${n}: ${at}; nothing lost, nothing twice`);
    }
  } finally {
    fs.rmSync(place, { recursive: true });
  }
  return Object.entries(during).map(([step, times]) => ({ name: `archiver: ${step}`, times, lost: 0, twice: 0 }));
}

/** One file, read by one ingester after the other, each killed after a random part of a second. */
export async function killIngester(site: Site, kills: number, say: (line: string) => void) {
  const total = 20_000 * kills;
  const app = `kills-${Date.now()}`;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-ingest-"));
  const file = path.join(folder, "rows.ndjson");
  const rows = makeRows(total, Date.now(), 0);
  fs.writeFileSync(file, rows.map((row, n) => `${JSON.stringify({ message: row.message, level: row.level, created_at: row.createdAt, n })}\n`).join(""));
  const ingest = ["logs", "ingest", file, "--source", app, "--app", app, "--batch", "500"];
  const written = () => site.session(async (client) => (await client.query("SELECT count(*)::int AS rows, count(DISTINCT metadata->>'n')::int AS different FROM app.app_logs WHERE app_name = $1", [app])).rows[0]);
  try {
    for (let n = 1; n <= kills; n++) {
      const before = (await written()).rows;
      const { child, ended } = site.pgha(...ingest);
      // Until it writes, so that the kill meets it at work
      while (child.exitCode === null && (await written()).rows === before) await sleep(50);
      await sleep(Math.random() * 500);
      if (child.exitCode) throw new Error(`the ingester ended by itself: ${(await ended).stderr}`);
      child.kill("SIGKILL");
      await ended;
      const now = await written();
      say(`  ingester ${n}: killed at row ${now.rows}`);
      if (now.rows !== now.different) throw new Error(`${now.rows} rows, ${now.different} different ones`);
    }
    await must(site, ...ingest);
    const { rows: count, different } = await written();
    return [{ name: "ingester", times: kills, rows: count, lost: total - different, twice: count - different }];
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** All rows through the writer, the primary's container killed after a third of them. */
export async function writeThroughFailover(site: Site, count: number, say: (line: string) => void) {
  const app = `failover-${Date.now()}`;
  let [committed, longest, tries] = [0, 0, 0];
  const writer = await LogWriter.open(site.outputs.writeUrl, {
    source: app, batchRows: 1000, flushOnExit: false, connection: site.connection,
    onBatch: (batch) => {
      committed += batch.rows;
      longest = Math.max(longest, batch.milliseconds);
      tries = Math.max(tries, batch.tries);
    },
  });
  const started = performance.now();
  let [killed, host] = [false, ""];
  for (let n = 0; n < count; n++) {
    const room = writer.write({ appName: app, level: "info", message: `row ${n}`, metadata: { n } });
    if (room) await room;
    if (!killed && committed > count / 3) {
      killed = true;
      ({ host } = await site.primary());
      await site.docker.getContainer(host).kill();
      say(`  ${host} killed after ${committed} rows`);
    }
  }
  await writer.close();
  const seconds = (performance.now() - started) / 1000;
  await site.docker.getContainer(host).start();
  const found = await site.session(async (client) => (await client.query("SELECT count(*)::int AS rows, count(DISTINCT metadata->>'n')::int AS different FROM app.app_logs WHERE app_name = $1", [app])).rows[0]);
  return [{ name: "through the loss of the primary", rows: found.rows, lost: count - found.different, twice: found.rows - found.different, seconds, longestBatch: `${(longest / 1000).toFixed(1)} s`, tries }];
}

async function must(site: Site, ...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await site.pgha(...args).ended;
  if (code !== 0) throw new Error(`pgha ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
}
