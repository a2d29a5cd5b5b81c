import assert from "node:assert/strict";
import { connect } from "../../../clients/node/pgha";
import { capture } from "../../../tools/process";
import { languages, type Program } from "./languages";
import { type Outputs, takeApart } from "./project";
import { startRelay } from "./relay";

const authority = /sslrootcert=[^&]+/;
const strangers = "sslrootcert=/etc/ssl/certs/ca-certificates.crt";

/** URLs of several hosts, as each driver takes them, and the snippets that write to app_logs. Needs the log system. */
export function describeClients(outputs: () => Outputs, superuser: (sql: string) => Promise<any[]>): void {
  const replaceHosts = (url: string, hosts: string[]) => url.replace(/@[^/]+/, `@${hosts.join()}`);
  const addresses = (url: string) => takeApart(url).hosts.map((address) => address.join(":"));
  /** A host that is lost, then the standbys, then the primary. */
  const several = () => {
    const { haproxyWriteUrl, haproxyReadUrl } = outputs();
    return replaceHosts(haproxyWriteUrl, ["localhost:1", ...addresses(haproxyReadUrl), ...addresses(haproxyWriteUrl)]);
  };
  const writable = () => `${several()}&target_session_attrs=read-write`;

  describe("URLs of several hosts, over verified TLS, lead past a lost host", () => {
    it("psql: to a standby, and past the standbys to the primary when asked to", async function () {
      if ((await capture("psql", ["--version"])).code === 127) return skip(this, "psql is not on this machine");
      const psql = (url: string) => capture("psql", [url, "-X", "-Atc", "SELECT current_user, pg_is_in_recovery()"]);
      assert.match(outputs().writeUrl, /sslmode=verify-full/);
      assert.deepEqual(await psql(outputs().writeUrl), { code: 0, stdout: "app|f\n", stderr: "" });
      assert.deepEqual(await psql(several()), { code: 0, stdout: "app|t\n", stderr: "" });
      assert.deepEqual(await psql(writable()), { code: 0, stdout: "app|f\n", stderr: "" });
      assert.match((await psql(writable().replace(authority, strangers))).stderr, /certificate verify failed/);
    });

    it("node-postgres: to a standby, and past the standbys to the primary when asked to", async () => {
      for (const [url, standby] of [[several(), true], [writable(), false]] as const) {
        const client = await connect(url);
        const { rows } = await client.query("SELECT pg_is_in_recovery() AS standby, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").finally(() => client.end());
        assert.deepEqual(rows, [{ standby, ssl: true }]);
      }
    });
  });

  for (const { name, driver, fetch, build, url } of languages)
    describe(`${name} (${driver})`, function () {
      let program: Program;
      const run = (libpq: string, ...args: string[]) =>
        capture(program.command, [...program.args, ...args], { env: { ...process.env, ...program.env, WRITE_URL: url(libpq) }, timeout: 60_000 });
      const written = () => `${name.toLowerCase()}-${Date.now()}`;
      const rows = async (source: string) =>
        (await superuser(`SELECT count(*)::int AS rows, count(DISTINCT metadata->>'n')::int AS different FROM app.app_logs WHERE app_name = '${source}'`))[0];

      before(async function () {
        let fetched: string;
        try {
          fetched = await fetch();
        } catch (error) {
          const lines = (error as Error).message.trim().split("\n");
          return skip(this, `no ${driver}: ${lines[0]}: ${lines.find((line) => /\berror\b/i.test(line)) ?? lines.at(-1)}`);
        }
        program = await build(fetched);
      });

      it("writes past a lost host and the standbys to the primary, and again where it left off", async () => {
        const source = written();
        for (const batch of [1, 2]) {
          const { code, stdout, stderr } = await run(several(), source);
          assert.deepEqual([code, stdout], [0, `wrote 1000 rows, batch ${batch}\n`], stderr);
        }
        assert.deepEqual(await rows(source), { rows: 2000, different: 1000 });
      });

      /** A run whose connection is cut amid the rows and, once `committed` is so, between commit and answer. */
      const runThroughCuts = async (source: string, committed: () => Promise<boolean>, { args = [] as string[], silence = 0 } = {}) => {
        const [[host, port]] = takeApart(outputs().writeUrl).hosts;
        const relay = await startRelay({ host, port: Number(port) }, committed, silence);
        try {
          return { ...(await run(replaceHosts(outputs().writeUrl, [`localhost:${relay.port}`]), source, ...args)), cuts: relay.cuts };
        } finally {
          relay.close();
        }
      };

      it("writes each row once through the poolers, whatever answer is lost", async () => {
        const source = written();
        const committed = async () => (await superuser(`SELECT FROM app.log_sources WHERE source = '${source}' AND batch > 0`)).length > 0;
        const { code, stdout, stderr, cuts } = await runThroughCuts(source, committed);
        assert.deepEqual([code, stdout, cuts], [0, "wrote 1000 rows, batch 1\n", ["amid the rows", "before the answer"]], stderr);
        assert.deepEqual(await rows(source), { rows: 1000, different: 1000 });
      });

      it("writes the rows after those that it gave up, which are there once or not at all", async () => {
        const source = written();
        const committed = async () => (await superuser(`SELECT FROM app.log_sources WHERE source = '${source}' AND batch > 0`)).length > 0;
        // Silent for longer than a batch is tried: the answer to the first batch stays lost
        const { code, stdout, stderr } = await runThroughCuts(source, committed, { args: ["6", "3"], silence: 4000 });
        const failed = [...stderr.matchAll(/rows from (\d+)/g)].map(([, first]) => Number(first));
        assert.deepEqual([code, failed[0], stdout.split(",")[0]], [0, 0, `wrote ${(6 - failed.length) * 1000} rows`], stderr);
        const there = await superuser(`SELECT (metadata->>'n')::int / 1000 * 1000 AS first, count(*)::int AS rows, count(DISTINCT metadata->>'n')::int AS different
          FROM app.app_logs WHERE app_name = '${source}' GROUP BY 1 ORDER BY 1`);
        for (const { rows, different } of there) assert.deepEqual([rows, different], [1000, 1000]);
        const wanted = [0, 1000, 2000, 3000, 4000, 5000].filter((first) => first === 0 || !failed.includes(first));
        assert.deepEqual(there.map(({ first }) => first).filter((first) => wanted.includes(first)), wanted);
      });

      it("gives up a source that another writer has taken over", async () => {
        const source = written();
        const takenOver = async () => (await superuser(`SELECT FROM app.open_log_source('${source}')`)).length > 0;   // waits for the commit
        const { code, stderr, cuts } = await runThroughCuts(source, takenOver);
        assert.deepEqual(cuts, ["amid the rows", "before the answer"]);
        assert.notEqual(code, 0);
        assert.match(stderr, /another writer has taken over/);
      });

      it("trusts the stack's own authority only", async () => {
        const { code, stderr } = await run(outputs().writeUrl.replace(authority, strangers), written());
        assert.notEqual(code, 0);
        assert.match(stderr, /certificate verify failed|certificate signed by unknown authority|PKIX path/);
      });
    });
}

function skip(context: Mocha.Context, reason: string): never {
  console.log(`        ${reason}`);
  return context.skip();
}
