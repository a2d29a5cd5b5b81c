import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { killArchiver, killIngester, writeThroughFailover } from "../../../bench/logs/kills";
import { Site } from "../../../bench/logs/site";
import { LogWriter, TakenOverError } from "../../../clients/node/logs";

/** The log system of a deployed stack. Ends with the loss of the primary, whose container is back but may still be catching up. */
export function describeLogs(site: () => Site): void {
  const ask = (sql: string, values: unknown[] = []) => site().session(async (client) => (await client.query(sql, values)).rows);
  const quiet = () => undefined;

  describe("logs", () => {
    it("have the table, the indexes and the storage that are specified, on every partition", async () => {
      const leaves = await ask(`SELECT reloptions::text AS options, relowner = (SELECT relowner FROM pg_class WHERE oid = 'app.app_logs'::regclass) AS owned, upper > now() AS newest,
        (SELECT count(*)::int FROM pg_index WHERE indrelid = partition) AS indexes FROM pgha.partitions('app.app_logs') JOIN pg_class ON oid = partition`);
      assert.ok(leaves.length >= 5);
      for (const { options, owned, newest, indexes } of leaves) {
        assert.match(options, /fillfactor=100/);
        assert.match(options, newest ? /analyze_scale_factor=0.05/ : /analyze_scale_factor=0.1/);
        assert.deepEqual([owned, indexes], [true, 5]);
      }
    });

    it("are written once by COPY and by INSERT, whatever they hold; a former holder of the source is refused", async () => {
      const { outputs, connection } = site();
      const source = `once-${Date.now()}`;
      const strange = { appName: source, level: "info", message: `"'\\\t\n\r\0ü😀{},NULL\\N`, metadata: { text: "\0\\ \"'{}\n", deep: [1, null] } };
      const options = { source, connection, flushOnExit: false, onRejected: () => undefined as void };
      const first = await LogWriter.open(outputs.writeUrl, options);
      void first.write(strange, { line: 1 });
      void first.write({ ...strange, createdAt: "1999-01-01T00:00:00Z" }, { line: 2 });
      await first.flush();
      const second = await LogWriter.open(outputs.writeUrl, { ...options, method: "insert" });
      assert.deepEqual([second.opened.reached, second.opened.rows], [{ line: 1 }, 1]);
      void second.write(strange, { line: 3 });
      await second.close();
      void first.write(strange);
      await assert.rejects(first.flush(), TakenOverError);
      await first.close().catch(quiet);
      const rows = await ask("SELECT message, metadata FROM app.app_logs WHERE app_name = $1", [source]);
      const wanted = { message: strange.message.replace("\0", "\ufffd"), metadata: { text: "\ufffd\\ \"'{}\n", deep: [1, null] } };
      assert.deepEqual(rows, [wanted, wanted]);
    });

    it("are found by a search that reads the needed partitions only", async () => {
      const { code, stdout } = await site().pgha("logs", "search", "--from", "1d", "--app", "nobody", "--explain", "--json").ended;
      assert.equal(code, 0);
      const { touched, partitions } = JSON.parse(stdout);
      assert.ok(touched.length >= 1 && touched.length <= 2 && partitions >= 5, stdout);
    });

    it("are archived and loaded back as they were, the archiver killed at any moment", async () => {
      const [whole] = await killArchiver(site(), 3, quiet);
      assert.deepEqual([whole.lost, whole.twice], [0, 0]);
    });

    it("are each written once by an ingester that is killed and begun again", async () => {
      const [{ lost, twice }] = await killIngester(site(), 2, quiet);
      assert.deepEqual([lost, twice], [0, 0]);
    });

    it("are taken from a file that holds bad rows: all others, with their digits, and each bad one is named", async () => {
      const app = `bad-${Date.now()}`;
      const line = (more: string) => `{"app_name":"${app}","level":"info","message":"m",${more}}\n`;
      const bad = ['"created_at":"yesterday"', '"created_at":true', '"level":"a level of 25 characters"', '"created_at":1', '"n":1e999999', '"metadata":5'];
      const file = path.join(os.tmpdir(), `${app}.ndjson`);
      fs.writeFileSync(file, bad.map((more, n) => line(`"trace":${n + 1}223372036854775807`) + line(more)).join("") + '{"half');
      try {
        const { code, stdout, stderr } = await site().pgha("logs", "ingest", file, "--source", app, "--skip-bad", "--json").ended;
        const { rows, bad: counted, waiting } = JSON.parse(stdout);
        assert.deepEqual([code, rows, counted, waiting], [0, 6, 6, 6], stderr);
        assert.deepEqual([...stderr.matchAll(/^row (\d+) of this run, before byte \d+, \w+/gm)].map(([, row]) => Number(row)).sort((a, b) => a - b), [2, 4, 6, 8, 10, 12]);
        const traces = await ask("SELECT metadata->>'trace' AS trace FROM app.app_logs WHERE app_name = $1 ORDER BY 1", [app]);
        assert.deepEqual(traces.map(({ trace }) => trace), bad.map((_, n) => `${n + 1}223372036854775807`));
      } finally {
        fs.rmSync(file);
      }
    });

    it("are each written once while the primary is lost", async () => {
      const [{ rows, lost, twice, longestBatch }] = await writeThroughFailover(site(), 60_000, quiet);
      console.log(`        the longest batch took ${longestBatch}`);
      assert.deepEqual([rows, lost, twice], [60_000, 0, 0]);
    });
  });
}
