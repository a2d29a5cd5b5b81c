import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const PROGRAM = fs.readFileSync(path.join(__dirname, "../../../machine/disks"), "utf8");
const DEVICE = "nvme-Amazon_Elastic_Block_Store_vol0123";

/** The program's own lines, with the commands that touch a disk played: each writes down that it was called. */
describe("disks", () => {
  let folder: string;
  const at = (name: string) => path.join(folder, name);
  const play = (name: string, script: string) => fs.writeFileSync(at(`bin/${name}`), `#!/bin/sh\necho "${name} $*" >>${at("calls")}\n${script}\n`, { mode: 0o755 });
  const called = () => (fs.existsSync(at("calls")) ? fs.readFileSync(at("calls"), "utf8").trim().split("\n") : []).map((line) => line.split(" ")[0]);

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-disks-"));
    for (const name of ["bin", "by-id"]) fs.mkdirSync(at(name));
    fs.writeFileSync(at("disks"), `data ${at("mount")} ${os.userInfo().username} 50\n`);
    fs.writeFileSync(at("volumes"), "data vol-0123\n");
    fs.writeFileSync(at(`by-id/${DEVICE}`), Buffer.alloc(2 ** 20));
    for (const [name, script] of Object.entries({ wipefs: "", blkid: "exit 2", "mkfs.ext4": "", mount: "", mountpoint: "exit 1", resize2fs: "", chown: "" })) play(name, script);
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  const run = () => {
    const script = PROGRAM.replaceAll("/etc/pgha/disks", at("disks")).replaceAll("/run/secrets/volumes", at("volumes")).replaceAll("/dev/disk/by-id", at("by-id"));
    return spawnSync("bash", ["-s"], { input: script, encoding: "utf8", env: { PATH: `${at("bin")}:${process.env.PATH}` } });
  };
  const refuses = () => {
    const { status, stderr } = run();
    assert.notEqual(status, 0);
    assert.match(stderr, /not known to be blank, so nothing was written to it/);
    assert.ok(!called().includes("mkfs.ext4") && !called().includes("mount"), called().join());
  };

  it("gives a blank volume a file system, and mounts it", () => {
    assert.equal(run().status, 0);
    assert.deepEqual(called().filter((name) => ["mkfs.ext4", "mount", "resize2fs"].includes(name)), ["mkfs.ext4", "mount", "resize2fs"]);
  });

  it("mounts a volume that has one as it is", () => {
    play("blkid", "echo ext4");
    assert.equal(run().status, 0);
    assert.ok(called().includes("mount") && !called().includes("mkfs.ext4"));
  });

  it("formats nothing where it cannot find out what is on the volume", () => {
    play("wipefs", "exit 1");
    refuses();
  });

  it("formats nothing that has the signature of something else", () => {
    play("wipefs", "echo 0x1fe dos");
    refuses();
  });

  it("formats nothing whose first bytes are not zero, or cannot be read", () => {
    fs.writeFileSync(at(`by-id/${DEVICE}`), "data");
    refuses();
    play("dd", "exit 1");
    refuses();
  });

  it("grows the file system of a volume that is mounted already", () => {
    play("mountpoint", "");
    fs.mkdirSync(at("mount"));
    assert.equal(run().status, 0);
    assert.ok(called().includes("resize2fs") && !called().includes("mount"));
  });
});
