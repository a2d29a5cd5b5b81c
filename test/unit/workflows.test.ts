import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";

const folder = path.join(__dirname, "../../.github/workflows");
const workflows = fs.readdirSync(folder).map((name) => ({ name, text: fs.readFileSync(path.join(folder, name), "utf8") }));
const stepsOf = ({ text }: { text: string }): any[] => Object.values<any>(parse(text).jobs).flatMap(({ steps }) => steps);

describe("the GitHub workflows", () => {
  it("run untrusted code without secrets and without the right to write", () => {
    for (const { name, text } of workflows) {
      const { on, permissions, jobs } = parse(text);
      assert.ok(!JSON.stringify(on).includes("pull_request_target") && !JSON.stringify(on).includes("workflow_run"), name);
      assert.deepEqual(permissions, { contents: "read" }, name);
      for (const [job, { permissions: own, steps, ["timeout-minutes"]: limit }] of Object.entries<any>(jobs)) {
        assert.ok(limit > 0, `${name} ${job} has no time limit`);
        if (own) assert.ok(!steps.some(({ uses }: any) => uses?.startsWith("actions/checkout")), `${name} ${job} may write, and checks code out`);
      }
    }
  });

  it("pin every action, and keep no credentials in the checkout", () => {
    for (const workflow of workflows)
      for (const { uses, with: inputs } of stepsOf(workflow)) {
        if (uses) assert.match(uses, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/, workflow.name);
        if (uses?.startsWith("actions/checkout")) assert.equal(inputs["persist-credentials"], false, workflow.name);
      }
  });

  it("put nothing of an event into a script but by the environment", () => {
    for (const workflow of workflows) for (const { run = "" } of stepsOf(workflow)) assert.doesNotMatch(run, /\$\{\{/, workflow.name);
  });

  it("call what there is", () => {
    const runs = workflows.flatMap(stepsOf).map(({ run = "" }) => run).join("\n");
    assert.match(runs, /npx --no-install pgha plan --stack "\$STACK" --markdown/);
    assert.doesNotMatch(runs, /npx (?!--no-install)/, "npx would fetch a stranger's package of that name");
    assert.match(runs, /^npm test$/m);
    const { scripts } = JSON.parse(fs.readFileSync(path.join(__dirname, "../../package.json"), "utf8"));
    const called = (pattern: RegExp) => [...runs.matchAll(pattern)].map(([, name]) => name);
    assert.deepEqual(called(/npm run (?:-s )?([\w:]+)/g).filter((name) => !(name in scripts)), []);
    const commands = fs.readdirSync(path.join(__dirname, "../../ops/commands")).map((file) => file.replace(".ts", ""));
    assert.deepEqual(called(/pgha (\w+)/g).filter((name) => !commands.includes(name)), []);
  });
});
