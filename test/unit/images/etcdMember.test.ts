import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const program = path.join(__dirname, "../../../images/etcd/etcd-member");
const CONFIGURATION = `name: etcd-3
initial-advertise-peer-urls: https://c-etcd-3:2380
initial-cluster: etcd-1=https://c-etcd-1:2380,etcd-2=https://c-etcd-2:2380,etcd-3=https://c-etcd-3:2380
initial-cluster-state: new
`;
const member = (id: string, name: string, clients: boolean) => `${id}, ${name ? "started" : "unstarted"}, ${name}, https://c-etcd-3:2380, ${clients ? "https://c-etcd-3:2379" : ""}, false`;
const OTHERS = "a1, started, etcd-1, https://c-etcd-1:2380, https://c-etcd-1:2379, false";

describe("the configuration that an etcd member starts with", () => {
  let folder: string;
  beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-etcd-"))));
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  /** `list`: what the others say of the members; undefined: none of them answers. `refused`: how often they do before. */
  function choose({ list, refused = 0, data = false }: { list?: string; refused?: number; data?: boolean }) {
    const file = (name: string, text: string) => fs.writeFileSync(path.join(folder, name), text, { mode: 0o755 });
    const log = path.join(folder, "log");
    file("etcd.yml", CONFIGURATION);
    file("curl", `#!/bin/sh\n${list === undefined ? "exit 7" : 'case "$*" in *c-etcd-2*) ;; *) exit 7 ;; esac'}\n`);
    file("etcdctl", `#!/bin/sh
echo "$ETCDCTL_ENDPOINTS $*" >>${log}
if [ $(grep -c 'member list' ${log}) -le ${2 * refused} ]; then echo "no quorum" >&2; exit 1; fi
case "$*" in *list*) echo '${list}' ;; *) echo done ;; esac\n`);
    file("log", "");
    if (data) fs.mkdirSync(path.join(folder, "data/member"), { recursive: true });
    const env = { PATH: `${folder}:/usr/bin:/bin`, ETCD_CONFIG: path.join(folder, "etcd.yml"), ETCD_FOLDER: folder };
    const { stdout, stderr } = spawnSync("bash", [program], { env, encoding: "utf8", timeout: 20_000 });
    const state = fs.readFileSync(stdout.trim(), "utf8").match(/^initial-cluster-state: (.*)$/m)![1];
    const changes = fs.readFileSync(log, "utf8").split("\n").filter((line) => /remove|add/.test(line));
    return { state, changes: changes.map((line) => line.replace("https://c-etcd-2:2379 --command-timeout=5s ", "")), stderr };
  }
  const added = "member add etcd-3 --peer-urls=https://c-etcd-3:2380";

  for (const [title, given, state, changes] of [
    ["is as rendered where it has its data", { data: true, list: `${OTHERS}\n${member("c3", "etcd-3", true)}` }, "new", []],
    ["is as rendered where nobody answers: the cluster begins", {}, "new", []],
    ["is as rendered where the cluster has begun without it", { list: `${OTHERS}\n${member("c3", "etcd-3", false)}` }, "new", []],
    ["joins what exists where its data is gone, removed and added first", { list: `${member("c3", "etcd-3", true)}\n${OTHERS}` }, "existing", ["member remove c3", added]],
    ["joins where it was removed and no more", { list: OTHERS }, "existing", [added]],
    ["joins where it was added and has not started yet", { list: `${OTHERS}\n${member("c4", "", false)}` }, "existing", []],
  ] as const)
    it(title, () => {
      const chosen = choose(given);
      assert.deepEqual([chosen.state, chosen.changes], [state, changes], chosen.stderr);
    });

  it("waits for a quorum that lets it join, and says so", () => {
    const { state, stderr } = choose({ list: `${OTHERS}\n${member("c3", "etcd-3", true)}`, refused: 1 });
    assert.equal(state, "existing");
    assert.match(stderr, /^etcd-member: the data is gone, and https:\/\/c-etcd-2:2379 does not let it join: no quorum/);
  });
});
