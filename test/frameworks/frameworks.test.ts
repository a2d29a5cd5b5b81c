import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { frameworks, type Step } from "./support/frameworks";
import { Synapse } from "./support/synapse";
import { Outputs, Project, query } from "../e2e/support/project";

const STACK = "frameworks";
const CONFIGURATION = {
  name: "pgha-frameworks",
  ports: { offset: 26000 },
  postgres: { memory: "512MiB" },
  roles: [{ name: "matrix", database: "synapse" }],
  databases: [{ name: "synapse", owner: "matrix", locale: "C" }],
};

interface Ended {
  code: number;
  text: string;
}

/** What docs/migrations.md says of each tool, by the tool itself: through a switchover, on a cluster of its own. */
describe("frameworks, each as docs/migrations.md has it", () => {
  let project: Project;
  let outputs: Outputs;
  const ask = (sql: string) => query(outputs.migrateUrl, outputs.caCertificate, sql);

  before(async () => {
    project = await Project.create();
    project.configure(STACK, CONFIGURATION);
    await project.must("up", "--stack", STACK);
    outputs = await project.outputs(STACK);
  });

  after(async () => {
    await project.run("down", "--stack", STACK, "--data", "--yes");
    await project.dispose();
  });

  function run({ command, args, cwd, env }: Step): Promise<Ended> {
    const urls = { WRITE_URL: outputs.writeUrl, MIGRATE_URL: outputs.migrateUrl, JDBC_URL: jdbc(outputs.migrateUrl) };
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env, ...urls }, stdio: ["ignore", "pipe", "pipe"] });
    return new Promise((resolve, reject) => {
      let text = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
      child.on("error", reject);
      child.on("close", (code) => resolve({ code: code ?? 1, text }));
    });
  }

  async function must(step: Step): Promise<string> {
    const { code, text } = await run(step);
    assert.equal(code, 0, text.slice(-3000));
    return text;
  }

  /** A migration that is cut off is begun again, as its user would. Returns how often it failed. */
  async function untilDone(step: Step): Promise<number> {
    for (let failed = 0; ; failed++) {
      const { code, text } = await run(step);
      if (code === 0) return failed;
      assert.ok(failed < 4, text.slice(-3000));
    }
  }

  for (const { name, table, fetch } of frameworks)
    it(`${name}: migrates as the migrator, writes as the application, both through a switchover, and goes back`, async () => {
      const { first, second, back, write } = await fetch();
      await must(first);
      assert.deepEqual(await ask(`SELECT tableowner, schemaname FROM pg_tables WHERE tablename = '${table}'`), [{ tableowner: "app_owner", schemaname: "app" }]);
      const writing = write && run(write(60));
      const migrating = untilDone(second);
      const { code, text } = await project.run("pgha", "switchover", "--stack", STACK, "--yes");
      assert.equal(code, 0, text);
      const failed = await migrating;
      assert.deepEqual(await ask(`SELECT count(*)::int AS n FROM pg_attribute WHERE attrelid = 'app.${table}'::regclass AND attname = 'note'`), [{ n: 1 }]);
      if (writing) {
        const wrote = await writing;
        assert.equal(wrote.code, 0, wrote.text.slice(-3000));
        assert.deepEqual(await ask(`SELECT count(*)::int AS n FROM app.${table}`), [{ n: 60 }]);
      }
      if (back) {
        await must(back);
        assert.deepEqual(await ask(`SELECT FROM pg_tables WHERE tablename = '${table}'`), []);
      }
      console.log(`      ${table}: the migration was cut off ${failed} times${write ? ", 60 of 60 rows written without an error" : ""}`);
    });

  it("Synapse, a Matrix server: starts on a database that is declared, and takes every message through a switchover", async () => {
    const folder = path.join(project.root, "synapse");
    fs.mkdirSync(folder);
    const synapse = await Synapse.start(outputs.roleUrls.matrix.write, folder);
    try {
      const sent: string[] = [];
      let slowest = 0;
      let changing = true;
      const change = project.run("pgha", "switchover", "--stack", STACK, "--yes").finally(() => (changing = false));
      while (changing || sent.length < 40) {
        const started = Date.now();
        await synapse.send(`message-${sent.length}`);
        slowest = Math.max(slowest, Date.now() - started);
        sent.push(`message-${sent.length}`);
      }
      const { code, text } = await change;
      assert.equal(code, 0, text);
      assert.deepEqual(await synapse.messages(), sent);
      console.log(`      ${sent.length} messages, slowest ${(slowest / 1000).toFixed(1)} s`);
    } finally {
      await synapse.stop();
    }
  });
});

/** libpq's URL as JDBC takes it. */
function jdbc(url: string): string {
  const [, user, password, rest] = /^postgresql:\/\/([^:]+):([^@]+)@(.*)$/.exec(url)!;
  const [place, parameters] = rest.split("?");
  const known = new URLSearchParams(parameters);
  for (const name of [...known.keys()]) if (!/^ssl/.test(name)) known.delete(name);
  return `jdbc:postgresql://${place}?user=${user}&password=${password}&${known}`;
}
