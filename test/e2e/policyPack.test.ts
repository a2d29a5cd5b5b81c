import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { Project } from "./support/project";

const repository = path.join(__dirname, "../..");

/** A program that breaks rules about one resource, and one about all of them. */
const PROGRAM = `
const docker = require("@pulumi/docker");
const pulumi = require("@pulumi/pulumi");
const label = (role) => [{ label: "pgha.cluster", value: "c" }, { label: "pgha.role", value: role }];
const safe = { image: "i", memory: 64, memorySwap: 64, capabilities: { drops: ["ALL"] }, securityOpts: ["no-new-privileges"], destroyGraceSeconds: 10 };
const network = new docker.Network("n", {});
for (const n of [1, 2]) new docker.Container("etcd-" + n, { ...safe, name: "c-etcd-" + n, labels: label("etcd"), networksAdvanced: [{ name: network.id }] });
new docker.Container("open", { ...safe, name: "open", ports: [{ internal: 5432, external: 27299 }], envs: [pulumi.secret("PGPASSWORD=hunter2hunter2")] });
`;

/**
 * The pack as the engine itself loads it. An old language host refuses packs of its own runtime, so the pack's copy says another
 * one, for which the engine starts an analyzer from PATH: the very command of npm's @pulumi/pulumi that a current host runs.
 */
describe("the policy pack, loaded by the engine", () => {
  let project: Project;
  let preview: (stack: string, ...args: string[]) => ReturnType<Project["run"]>;

  before(async () => {
    project = await Project.create();
    const at = (name: string) => path.join(project.root, name);
    fs.cpSync(path.join(repository, "policy"), at("pack"), { recursive: true });
    const yaml = fs.readFileSync(at("pack/PulumiPolicy.yaml"), "utf8");
    fs.writeFileSync(at("pack/PulumiPolicy.yaml"), yaml.replace("name: nodejs", "name: pghatest"));
    const command = path.join(repository, "node_modules/@pulumi/pulumi/cmd/run-policy-pack");
    fs.mkdirSync(at("analyzers"));
    fs.writeFileSync(at("analyzers/pulumi-analyzer-policy-pghatest"), `#!/bin/sh\nexec '${process.execPath}' '${command}' "$1" "$2"\n`, { mode: 0o755 });
    project.addPath(at("analyzers"));
    preview = (stack, ...args) => project.run("pulumi", "preview", "--stack", stack, "--policy-pack", at("pack"), "--non-interactive", ...args);
    for (const stack of ["shipped", "unsafe"]) {
      project.configure(stack, { name: `pgha-e2e-${stack}`, ports: { offset: 21000 } });
      await project.must("pulumi", "stack", "init", stack, "--no-select");
    }
  });

  after(() => project.dispose());

  it("lets the shipped configuration pass, with none of its rules broken", async () => {
    const { code, text } = await preview("shipped");
    assert.equal(code, 0, text.slice(-3000));
    assert.match(text, /✅ pgha@/);
    assert.doesNotMatch(text, /\[(mandatory|advisory)\]/);
  });

  describe("with an unsafe program", () => {
    before(() => {
      fs.rmSync(path.join(project.root, "package.json"));
      fs.writeFileSync(path.join(project.root, "package.json"), JSON.stringify({ name: "unsafe", main: "unsafe.js" }));
      fs.writeFileSync(path.join(project.root, "unsafe.js"), PROGRAM);
    });

    it("refuses it by the rules' names and remedies, of one resource and of the whole, and shows no secret", async () => {
      const { code, text } = await preview("unsafe");
      assert.notEqual(code, 0);
      assert.match(text, /\[mandatory\]\s+container-ports-local[^]*open publishes port 27299 on 0\.0\.0\.0; set ip: "127\.0\.0\.1"/);
      assert.match(text, /\[mandatory\]\s+odd-etcd[^]*c has 2 etcd members; use 3 members, or 5/);
      assert.equal(text.match(/\[mandatory\]/g)?.length, 2, text);
      assert.doesNotMatch(text, /hunter2/);
    });

    it("only warns where the pack's configuration says so", async () => {
      const file = path.join(project.root, "exemptions.json");
      const exempt = (level: string) => ({ enforcementLevel: level, reason: "tried out on a machine of its own" });
      fs.writeFileSync(file, JSON.stringify({ "container-ports-local": exempt("advisory"), "odd-etcd": exempt("disabled") }));
      const { code, text } = await preview("unsafe", "--policy-pack-config", file);
      assert.equal(code, 0, text);
      assert.match(text, /\[advisory\]\s+container-ports-local/);
      assert.doesNotMatch(text, /odd-etcd/);
    });
  });
});
