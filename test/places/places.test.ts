import assert from "node:assert/strict";
import { eventually, Outputs, Project } from "../e2e/support/project";
import { Driver, drivers } from "./support/drivers";

/** A folder of the project, the name of a stack, and what the cluster is called by it. */
const PLACES: [folder: string, stack: string, cluster: string][] = [
  ["My Projects", "Feature_Login", "pgha-feature-login"],
  ["c++", "release-1.2", "pgha-release-1-2"],
  ["r&d", "organization/pgha/odd", "pgha-odd"],
  ["100%", "x", "pgha-x"],
  ["%41", "2026", "pgha-2026"],
  ["Büro", "dependabot-npm-types-25", "pgha-dependabot-npm-types-25"],
  ["a#b", "odd", "pgha-odd"],
  ["what?", "odd", "pgha-odd"],
  ["it's", "odd", "pgha-odd"],
  ['say "hi"', "odd", "pgha-odd"],
  ["a=b;c", "odd", "pgha-odd"],
  ["$HOME", "odd", "pgha-odd"],
];
const REFUSED = [
  ["feature/login", /use feature-login/],
  ["feature/login?", /cannot be the name of a stack/],
  ["archives", /cannot be the name of a stack/],
  ["passphrase", /cannot be the name of a stack/],
  [`feature-${"x".repeat(60)}`, /name.*use 1–30 lower-case letters/s],
] as const;
const SMALL = { standbys: 1, etcd: { members: 1 }, haproxy: { instances: 1 }, pgbouncer: { instances: 1 }, postgres: { memory: "512MiB" }, ports: { offset: 25_000 } };
const WAYS: [url: keyof Outputs, standby: string][] = [["writeUrl", "f"], ["readUrl", "t"], ["haproxyWriteUrl", "f"], ["haproxyReadUrl", "t"]];

describe("a project folder and a stack of odd names", () => {
  for (const [folder, stack, cluster] of PLACES)
    it(`${folder}, ${stack}: up, all four URLs with every driver at hand, up again, down`, async () => {
      const project = await Project.create(folder);
      try {
        project.configure(stack, SMALL);
        await project.must("up", "--stack", stack);
        const outputs = await project.outputs(stack);
        assert.equal(outputs.cluster.name, cluster);
        const { Image } = await project.docker.getContainer(`${cluster}-postgres-1`).inspect();
        const asked: Driver[] = await drivers(project, () => Image);
        for (const { name, ask } of asked)
          for (const [url, standby] of WAYS) await eventually(20, async () => assert.equal(await ask(outputs[url] as string), standby, `${name}, ${url}`));
        console.log(`      ${asked.map(({ name }) => name).join(", ")}`);
        const again = await project.must("up", "--stack", stack);
        assert.doesNotMatch(again.text, /\d+ (created|updated|replaced|deleted)|changes\./);
      } finally {
        await project.run("down", "--stack", stack, "--data", "--yes");
        assert.deepEqual(await project.remains(cluster), { containers: [], volumes: [], networks: [] });
        await project.dispose();
      }
    });

  for (const [stack, says] of REFUSED)
    it(`${stack.slice(0, 20)}: is refused in a sentence before anything is made`, async () => {
      const project = await Project.create();
      try {
        if (!stack.includes("?")) project.configure(stack, SMALL);
        const { code, text } = await project.run("up", "--stack", stack);
        assert.notEqual(code, 0);
        assert.match(text, says);
        assert.doesNotMatch(text, /^\s+at .*:\d+:\d+/m, "a stack trace");
      } finally {
        await project.run("down", "--stack", stack, "--data", "--yes");
        await project.dispose();
      }
    });
});
