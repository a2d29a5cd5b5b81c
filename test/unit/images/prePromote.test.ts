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
    const env = { PATH: `${folder}:/usr/bin:/bin`, PGHA_HOME: folder, PGBACKREST_CONFIG: path.join(folder, "pgbackrest.conf") };
    return spawnSync(path.join(programs, program), words, { env, encoding: "utf8", timeout: 5000 });
  };

  it("holds no promotion up: not by a step that lasts, nor by one that fails", () => {
    const began = Date.now();
    assert.equal(run("pre-promote", { "clear-replay": "sleep 3; exit 1", "archive-rest": "sleep 3; exit 1" }).status, 0);
    assert.ok(Date.now() - began < 2500, `${Date.now() - began} ms`);
  });

  it("ends readers of a member that is to lead in any case, of one that follows only while nothing comes from its primary", () => {
    const statement = (...words: string[]) => run("clear-replay", { psql: "cat" }, ...words).stdout;
    assert.match(statement(), /NOT EXISTS \(SELECT WHERE false\)[^]*\n\\watch i=0\.05 c=600 m=1\n$/);
    assert.match(statement("on_reload", "replica", "c"), /NOT EXISTS \(SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'/);
  });

  describe("has the archive get what the lost primary had not pushed", () => {
    const status = () => path.join(folder, "data/pg_wal/archive_status");
    const segment = (number: number, timeline = 1) => `${timeline.toString(16).padStart(8, "0")}00000001${number.toString(16).padStart(8, "0")}`.toUpperCase();
    const have = (...names: string[]) => {
      fs.mkdirSync(status(), { recursive: true });
      fs.writeFileSync(path.join(folder, "pgbackrest.conf"), "");
      for (const name of names) fs.writeFileSync(path.join(status(), name), "");
    };
    const waiting = () => fs.readdirSync(status()).filter((name) => name.endsWith(".ready")).sort();

    it("and no more than a few that it has", () => {
      have(...Array.from({ length: 64 }, (_, n) => `${segment(n + 100)}.done`), `${segment(100)}.00000028.backup.done`, "00000002.history.done");
      fs.writeFileSync(path.join(folder, "archived"), `${segment(150)}\n`);
      const began = Date.now();
      assert.equal(run("archive-rest", {}).status, 0);
      assert.ok(Date.now() - began < 2000, `${Date.now() - began} ms`);
      assert.deepEqual(waiting(), ["00000002.history.ready", ...Array.from({ length: 21 }, (_, n) => `${segment(n + 143)}.ready`)].sort());
    });

    it("all of it where nobody knows what the archive has", () => {
      have(`${segment(1)}.done`, `${segment(2, 3)}.done`);
      run("archive-rest", {});
      assert.deepEqual(waiting(), [`${segment(1)}.ready`, `${segment(2, 3)}.ready`]);
    });

    it("across timelines, by the place in the WAL alone", () => {
      have(`${segment(10, 2)}.done`, `${segment(30)}.done`);
      fs.writeFileSync(path.join(folder, "archived"), segment(20, 3));
      run("archive-rest", {});
      assert.deepEqual(waiting(), [`${segment(30)}.ready`]);
    });

    /** A member on timeline 3 that was on 1 until the middle of segment 20 and on 2 until that of 30; 4 KiB a segment here. */
    const past = (...segments: string[]) => {
      const folder = path.dirname(status());
      const at = (number: number) => `0/${(number * 4096 + 2048).toString(16).toUpperCase()}`;
      fs.writeFileSync(path.join(folder, "00000003.history"), `1\t${at(20)}\tno recovery target specified\n\n2\t${at(30)}\tno recovery target specified\n`);
      for (const name of segments) fs.writeFileSync(path.join(folder, name), Buffer.alloc(4096));
    };
    const low = (number: number, timeline: number) => segment(number, timeline).replace(/(.{8}).{8}/, "$100000000");

    it("but what ended with another primary, of which members have different copies", () => {
      const own = [low(19, 1), low(20, 2), low(29, 2), low(30, 3)];
      have(...[...own, low(20, 1), low(21, 1), low(30, 2), low(31, 2)].map((name) => `${name}.done`));
      past(low(30, 3));
      run("archive-rest", {});
      assert.deepEqual(waiting(), own.map((name) => `${name}.ready`).sort());
    });

    it("and leaves that out, too, where Postgres itself would archive it", () => {
      have();
      past(low(30, 3));
      const push = (name: string) => run("pgbackrest-push", { pgbackrest: 'echo "$@"; exit 45' }, "mine", path.join(path.dirname(status()), name));
      for (const name of [low(20, 1), low(31, 2)]) assert.match(push(name).stdout, /is left out/);
      assert.equal(push(low(20, 1)).status, 0);
      for (const name of [low(19, 1), low(20, 2), low(40, 3), `${low(30, 2)}.partial`, "00000003.history"]) {
        const { status: code, stdout } = push(name);
        assert.match(stdout, new RegExp(`^--stanza=mine archive-push .*/${name}\n$`));
        assert.equal(code, 45, "what pgBackRest says is what Postgres hears");
      }
    });

    it("and does nothing where nothing is archived", () => {
      have(`${segment(1)}.done`);
      fs.rmSync(path.join(folder, "pgbackrest.conf"));
      run("archive-rest", {});
      assert.deepEqual(waiting(), []);
    });
  });
});
