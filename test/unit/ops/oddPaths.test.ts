import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parsePostgresUrl } from "../../../clients/node/pgha";
import { pathInUrl } from "../../../infra/outputs";
import { crontab, systemd } from "../../../ops/logs/commands/schedule";

const names = ["My Projects", "c++", "r&d", "100%", "%41", "Büro", "a#b", "what?", "it's", 'say "hi"', "a=b;c", "$HOME", "back\\slash"];

describe("a project folder of any name", () => {
  for (const name of names) {
    it(`${name}: the URLs name the certificate for every reader, and are plain ASCII`, () => {
      const file = `/home/me/${name}/.pgha/pgha-dev/ca.crt`;
      const query = `sslmode=verify-full&sslrootcert=${pathInUrl(file)}&connect_timeout=2`;
      assert.match(query, /^[\w/.%~!'()*&=-]+$/);
      assert.doesNotMatch(query, /%(?![0-9A-F]{2})/);
      assert.equal(parsePostgresUrl(`postgresql://u:p@localhost:6432,localhost:6442/app?${query}`).parameters.get("sslrootcert"), file);
      // Strictly by RFC 3986, as libpq reads it
      assert.equal(decodeURIComponent(/sslrootcert=([^&]*)/.exec(query)![1]), file);
    });

    it(`${name}: the nightly line of cron runs there, and finds the programs there`, () => {
      const root = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "pgha-odd-")), name);
      try {
        fs.mkdirSync(root);
        const program = path.join(root, "program");
        fs.writeFileSync(program, '#!/bin/sh\nprintf "%s\\n" "$PWD" "$1 $2 $3 $4" "$PATH"\n', { mode: 0o755 });
        const line = crontab({ root, stack: "dev", program: [program], folder: root }).split("\n")[1];
        const command = line.replace("37 3 * * * ", "");
        assert.doesNotMatch(command, /(?<!\\)%/, "cron ends a line there");
        const said = execFileSync("sh", ["-c", command.replaceAll("\\%", "%")], { encoding: "utf8" }).split("\n");
        assert.deepEqual([said[0], said[1], said[4]], [fs.realpathSync(root), "logs archive --stack dev", "logs purge --stack dev"]);
        assert.ok(said[2].startsWith(`${root}:`));
      } finally {
        fs.rmSync(path.dirname(root), { recursive: true });
      }
    });
  }

  it("is quoted for systemd, whose specifiers and variables it must not become", () => {
    const unit = systemd({ root: '/a b/100%/$x"', stack: "dev", program: ["/a b/node", '/a b/100%/$x"/pgha.js'], folder: "/a b/bin" });
    assert.match(unit, /^WorkingDirectory=\/a b\/100%%\/\$x"$/m);
    assert.match(unit, /^ExecStart="\/a b\/node" "\/a b\/100%%\/\$\$x\\"\/pgha\.js" "logs" "archive" "--stack" "dev"$/m);
    assert.match(unit, /^Environment="PATH=\/a b\/bin:\/usr\/local\/sbin:/m);
  });
});
