import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { connect } from "../../clients/node/pgha";
import { archiveLogs } from "../../ops/logs/archive";
import { explainSearch, searchLogs } from "../../ops/logs/search";
import { openStore } from "../../ops/logs/store";
import { measured, writeSteadily } from "./measure";
import { makeRows } from "./rows";
import { Site } from "./site";

const DAY = 86_400_000;

/** Fills a year, searches one application's rows of random ranges, and archives the oldest month while others write. */
export async function searchAndArchive(site: Site, millions: number, say: (line: string) => void) {
  const now = new Date();
  const months = Array.from({ length: 12 }, (_, n) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 12 + n, 1)));
  const until = (n: number) => months[n + 1] ?? new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
  for (const [n, month] of months.entries())
    await site.session(async (client) => {
      await client.query("SELECT pgha.create_partition_if_not_exists('app.app_logs', $1, $2)", [month, until(n)]);
      // By quarters, as a checkpoint and the standbys take them
      const quarter = Math.ceil((millions * 1e6) / 48);
      for (let part = 0; part < 4; part++)
        await client.query(`INSERT INTO app.app_logs (app_name, level, message, metadata, created_at)
          SELECT 'app-' || n % 20, (ARRAY['info', 'debug', 'warn', 'error'])[1 + n % 4], 'GET /api/v1/orders/' || n * 7919 || ' answered 200 in ' || n % 997 || ' ms for customer ' || n % 10007,
            jsonb_build_object('request', n, 'host', 'web-' || n % 50), $1::timestamptz + ($2::timestamptz - $1::timestamptz) * ((n * 4.0 + $3) / $4)
          FROM generate_series(0, $5::bigint - 1) AS n`, [month, until(n), part, 4 * quarter, quarter]);
      say(`  ${month.toISOString().slice(0, 7)} is filled`);
    });
  await site.session((client) => client.query("CALL pgha.analyze_parents()"));
  return [...(await search(site, months[0].getTime(), now.getTime())), ...(await archive(site, until(0), say))];
}

async function search(site: Site, from: number, to: number) {
  const client = await connect(site.outputs.readUrl, site.connection);
  const milliseconds: number[] = [];
  try {
    const range = () => {
      const start = from + Math.random() * (to - from - 31 * DAY);
      return { from: new Date(start).toISOString(), to: new Date(start + (1 + Math.random() * 30) * DAY).toISOString(), app: `app-${Math.floor(Math.random() * 20)}`, limit: 100 };
    };
    for (let n = 0; n < 500; n++) {
      const started = performance.now();
      if (!(await searchLogs(client, range())).length) throw new Error("a search found nothing");
      milliseconds.push(performance.now() - started);
    }
    let most = 0;
    for (let n = 0; n < 20; n++) {
      const { partitions, ...plan } = await explainSearch(client, range());
      most = Math.max(most, plan.touched.length);
      if (plan.touched.length > 3 || partitions < 12) throw new Error(`a month's search touched ${plan.touched.join(", ")}`);
    }
    return [{ ...measured("search, LIMIT 100", 500, milliseconds.reduce((sum, each) => sum + each) / 1000, milliseconds), partitionsTouched: `at most ${most}` }];
  } finally {
    await client.end();
  }
}

async function archive(site: Site, end: Date, say: (line: string) => void) {
  const place = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-archive-"));
  try {
    const hotDays = Math.floor((Date.now() - end.getTime()) / DAY);
    const rows = makeRows(60_000, Date.now(), 1);
    const [{ done, failed }, writes] = await Promise.all([
      site.session((client) => archiveLogs(client, openStore({ archive: place, hotDays, keepArchivesDays: 365 }, "bench"), { hotDays, progress: (line) => say(`  ${line}`) })),
      writeSteadily("COPY by 100 meanwhile", site.outputs.writeUrl, rows, 100, 2000, site.connection),
    ]);
    if (failed.length) throw failed[0].error;
    return [
      ...done.map(({ partition, rows, seconds }) => {
        const all = Object.values(seconds).reduce((sum, each) => sum + each);
        return { ...measured(`archive ${partition}`, rows, all), ...seconds };
      }),
      writes,
    ];
  } finally {
    fs.rmSync(place, { recursive: true });
  }
}
