import * as assert from "node:assert";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { findEngine } from "../../../ops/engine";
import { findCli, findProgram, isUsable, pathWith, searchFolders } from "../../../tools/engine/cli";
import { layoutOf } from "../../../tools/engine/layout";

describe("tools/engine: the Pulumi CLI that is there", () => {
  let folder: string;
  beforeEach(() => (folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "pgha-cli-")))));
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  const at = (...names: string[]) => path.join(folder, ...names);
  const program = (file: string, text = "#!/bin/sh\n") => {
    fs.mkdirSync(path.dirname(at(file)), { recursive: true });
    fs.writeFileSync(at(file), text, { mode: 0o755 });
  };
  const cli = (file: string, version: string, further = "") => program(file, `#!/bin/sh\n${further}echo v${version}\nexit 0\n`);
  const joined = (...folders: string[]) => folders.join(path.delimiter);

  it("is looked for on PATH, then in the home, then in .pgha", () => {
    const layout = layoutOf(folder);
    const folders = ["/a", "/b", "/h/.pulumi/bin", layout.bin];
    assert.deepStrictEqual(searchFolders({ PATH: "/a:/b", HOME: "/h" }, layout), folders);
  });

  it("is a program, not a folder or a plain file", () => {
    fs.mkdirSync(at("plain"));
    fs.writeFileSync(at("plain", "pulumi"), "");
    fs.mkdirSync(at("folder", "pulumi"), { recursive: true });
    program("good/pulumi");
    const folders = [at("plain"), at("folder"), at("good")];
    assert.strictEqual(findProgram("pulumi", folders), folders[2]);
    assert.strictEqual(findProgram("pulumi", folders.slice(0, 2)), undefined);
  });

  it("may be any release that has the options we use, or somebody's own build", () => {
    for (const version of ["3.200.0", "v3.250.0\n", "3.300.1-alpha", ""]) assert.ok(isUsable(version), version);
    for (const version of ["3.199.9", "2.300.0", "4.0.0", "command not found"]) assert.ok(!isUsable(version), version);
  });

  it("is passed over where it is too old, by npm run and by pgha alike", () => {
    cli("old/pulumi", "3.150.0");
    cli(".pgha/bin/pulumi", "3.250.0");
    fs.writeFileSync(at("Pulumi.yaml"), "name: pgha\n");
    const env = { PATH: at("old"), HOME: at("home"), PULUMI_BACKEND_URL: "file:///given" };
    assert.deepStrictEqual(findCli(env, layoutOf(folder)), { folder: at(".pgha", "bin"), version: "3.250.0" });
    const asked = findEngine(env, folder).env.PATH?.split(path.delimiter);
    assert.strictEqual(findProgram("pulumi", asked ?? []), at(".pgha", "bin"));
  });

  it("is asked for its version once, and again when it is another file; a version manager's shim each time", () => {
    const layout = layoutOf(folder);
    fs.mkdirSync(layout.folder);
    const counting = `echo x >> ${at("count")}\n`;
    const times = () => fs.readFileSync(at("count"), "utf8").length / 2;
    const find = () => findCli({ PATH: at("bin") }, layout)?.version;
    const padded = (version: string) => {
      cli("bin/pulumi", version, counting);
      fs.appendFileSync(at("bin", "pulumi"), "#".repeat(1.1e6));
    };
    padded("3.250.0");
    assert.deepStrictEqual([find(), find(), times()], ["3.250.0", "3.250.0", 1]);
    padded("3.2600.0");
    assert.deepStrictEqual([find(), times()], ["3.2600.0", 2]);
    cli("bin/pulumi", "3.251.0", counting);
    assert.deepStrictEqual([find(), find(), times()], ["3.251.0", "3.251.0", 4]);
  });

  describe("on PATH", () => {
    beforeEach(() => {
      program("nvm/node");
      program("brew/node");
      cli("brew/pulumi", "3.250.0");
      cli("own/pulumi", "3.250.0");
    });
    const node = () => at("nvm", "node");

    it("leaves everything as it is where the right ones are found already", () => {
      fs.mkdirSync(at("links"));
      fs.symlinkSync(node(), at("links", "node"));
      const given = joined(at("links"), at("brew"));
      assert.strictEqual(pathWith(at("brew"), given, node()), given);
    });

    it("never brings another node before the one that runs us", () => {
      const given = joined(at("empty"), at("brew"));
      assert.strictEqual(pathWith(at("brew"), given, node()), joined(at("nvm"), given));
      assert.strictEqual(pathWith(at("brew"), at("nvm"), node()), joined(at("nvm"), at("brew")));
    });

    it("comes before another one that was passed over", () => {
      assert.strictEqual(pathWith(at("own"), joined(at("nvm"), at("brew")), node()), joined(at("nvm"), at("own"), at("brew")));
    });
  });
});
