import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const programs = path.join(__dirname, "../../../images/postgres");

describe("what Patroni runs before a promotion", () => {
  let folder: string;
  beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-hook-"))));
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  const run = (program: string, fakes: Record<string, string>, ...words: string[]) => {
    for (const [name, lines] of Object.entries(fakes)) fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
    return spawnSync("sh", [path.join(programs, program), ...words], { env: { PATH: `${folder}:/usr/bin:/bin` }, encoding: "utf8", timeout: 5000 });
  };

  it("holds no promotion up: not by a step that lasts, nor by one that fails", () => {
    const began = Date.now();
    assert.equal(run("pre-promote", { "clear-replay": "sleep 3; exit 1" }).status, 0);
    assert.ok(Date.now() - began < 2500, `${Date.now() - began} ms`);
  });

  it("ends readers of a member that is to lead in any case, of one that follows only while nothing comes from its primary", () => {
    const statement = (...words: string[]) => run("clear-replay", { psql: "cat" }, ...words).stdout;
    assert.match(statement(), /NOT EXISTS \(SELECT WHERE false\)[^]*\n\\watch i=0\.05 c=600 m=1\n$/);
    assert.match(statement("on_reload", "replica", "c"), /NOT EXISTS \(SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'/);
  });
});
