import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { describeAvailability } from "../../../../infra/cluster/forecast/availability";
import { readEvents, Step } from "../../../../ops/plan/events";
import { fileChanges, filesOf } from "../../../../ops/plan/files";
import { markdownPlan } from "../../../../ops/plan/markdown";
import { hasChanges, PlanReport, planReport } from "../../../../ops/plan/report";
import { viewPlan } from "../../../../ops/plan/view";
import { plain } from "../../../../ops/terminal";

/** What Pulumi 3.250 said of a deployed stack, with other memory, max_connections, work_mem and haproxy.maxConnections; shortened. */
const recorded = fs.readFileSync(path.join(__dirname, "changed.ndjson"), "utf8");
const screen = { paint: plain, width: Infinity };
const report = () => planReport("dev", false, readEvents(recorded));
const step = (further: Partial<Step>): Step => ({ operation: "update", type: "docker:index/container:Container", name: "one", properties: [], ...further });
const upload = (file: string, content: unknown) => ({ uploads: [{ file, content }] });

describe("a plan", () => {
  it("counts a replacement once, though the engine tells of its halves", () => {
    assert.deepEqual(report().counts, { create: 0, update: 2, replace: 4, delete: 0, same: 2 });
    assert.deepEqual(report().resources.map(({ operation, name }) => `${operation} ${name}`), [
      "replace pgha-dev-haproxy-1", "replace pgha-dev-pgbouncer-1", "replace pgha-dev-postgres-1", "replace pgha-dev-postgres-2",
      "update pgha-dev-postgres-1-handover", "update pgha-dev-settings",
    ]);
  });

  it("tags each setting reload or restart, and says who restarts first", () => {
    const settings = Object.fromEntries(report().settings.map(({ setting, change, reach }) => [setting, `${reach}: ${change}`]));
    assert.equal(settings.max_connections, "restart: 200 → 150: restart, primary first");
    assert.equal(settings.shared_buffers, "restart: 128MB → 160MB: restart, primary first");
    assert.equal(settings.work_mem, "reload: 2MB → 8MB: reload");
    assert.match(viewPlan(report(), screen), /what waits for a restart then, is restarted one at a time/);
    assert.match(viewPlan({ ...report(), servers: [] }, screen), /restarts one server at a time, the primary first, then the standbys/);
  });

  it("names the servers that are made anew in their order, Postgres last and its primary handing over", () => {
    assert.deepEqual(report().servers.map(({ role, names }) => `${role}: ${names.join(" ")}`), [
      "haproxy: pgha-dev-haproxy-1", "pgbouncer: pgha-dev-pgbouncer-1", "postgres: pgha-dev-postgres-1 pgha-dev-postgres-2",
    ]);
    assert.match(viewPlan(report(), screen), /pgha-dev-pgbouncer-1; each ends the connections of its clients, whose statements of that moment fail/);
    assert.match(viewPlan(report(), screen), /3 {2}pgha-dev-postgres-1, pgha-dev-postgres-2; the one that is primary hands over before/);
    assert.match(viewPlan(report(), screen), /1 {2}pgha-dev-haproxy-1; each ends the sessions of those that connect to it directly/);
  });

  it("says of servers that go what that costs, and how to spare it", () => {
    const goes = (role: string) => viewPlan({ ...report(), servers: [{ role, names: ["one"], operation: "delete" }] }, screen);
    assert.match(goes("postgres"), /goes: one; one that is primary hands over before \(on EC2 it does not: npx pgha switchover first\)/);
    assert.match(goes("pgbouncer"), /goes: one; each ends the connections of its clients/);
    assert.match(goes("etcd"), /goes: one$/m);
  });

  it("shows the difference of every file, and not what a cluster is made with once", () => {
    assert.deepEqual(report().files.map(({ path, on, added, removed }) => [path, on, added, removed]), [
      ["/etc/pgha/haproxy.cfg", ["pgha-dev-haproxy-1"], 1, 1],
      ["/etc/pgha/pgbouncer.ini", ["pgha-dev-pgbouncer-1"], 1, 1],
    ]);
    assert.match(viewPlan(report(), screen), /^ {4}-max_db_connections = 90\n {4}\+max_db_connections = 65$/m);
  });

  it("says what stays of the failover budget, and what changes", () => {
    assert.match(viewPlan(report(), screen), /Write outage to expect\n {2}as before: at worst until etcd is back, when the primary/);
    const changed = report();
    changed.budget!.before = structuredClone(changed.budget!.after);
    const [failure] = changed.budget!.after.failures;
    failure.worst = 337;
    assert.match(viewPlan(changed, screen), /Postgres crashes +3\.2 s +7 s → 337 s/);
    assert.match(markdownPlan(changed), /\| Postgres crashes \| 3\.2 s \| 7 s → 337 s \|/);
  });

  it("says what the topology lets expect, and what reaches the next target", () => {
    const availability = (postgres: number) => describeAvailability({ zones: 1, machines: "one", postgres, etcd: 3, proxies: 2, poolers: 2, postgresNeeded: 1 });
    const text = viewPlan({ ...report(), availability: { before: availability(1), after: availability(3) } }, screen);
    assert.match(text, /Availability to expect\n {2}99\.3\d+ % → 99\.8\d+ %: down [\d.]+ h a year, [\d.]+ min a month[^\n]*\n {2}for 99\.9 %: a machine for each server, 3 zones/);
  });

  it("says what the change costs a month", () => {
    const cost = (month: number) => ({ month, currency: "USD", prices: "us-east-1, 2026-11-01" });
    const text = viewPlan({ ...report(), cost: { before: cost(400), after: cost(520) } }, screen);
    assert.match(text, /400 → 520 USD a month, .*2026-11-01\): \+120/);
  });

  it("calls a rebuild what only a new cluster can have", () => {
    const fixed = (value: string) => ({ fixed: [{ key: "postgres.version", value }] });
    const plan = planReport("dev", false, { ...readEvents(""), steps: [step({ type: "pulumi-nodejs:dynamic/pgha:Preflight", before: fixed("17"), after: fixed("18") })] });
    assert.match(viewPlan(plan, screen), /postgres\.version: 17 → 18: rebuild, a new cluster/);
    assert.match(markdownPlan(plan), /\*\*rebuild\*\*/);
  });

  it("passes on errors and warnings, not which plugin was used", () => {
    const said = (severity: string, message: string) => JSON.stringify({ diagnosticEvent: { severity, message, color: "raw" } });
    const preview = readEvents([recorded, said("error", "<{%fg 1%}>error: broken<{%reset%}>\n"), said("warning", "[no-ssh] x lets SSH in"), said("info", "noise")].join("\n"));
    assert.deepEqual(preview.errors, ["broken"]);
    assert.deepEqual(preview.warnings, ["[no-ssh] x lets SSH in"]);
  });

  it("shows no secret: the engine masks them, and a masked file is none", () => {
    const masked = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "[secret]" };
    const files = fileChanges([step({ before: upload("/a", "x"), after: upload("/a", masked) })]);
    assert.deepEqual(files.map(({ operation }) => operation), ["delete"]);
    assert.deepEqual(fileChanges([step({ operation: "create", after: upload("/a", "[secret]") })]), []);
    assert.doesNotMatch(JSON.stringify(report()), /ciphertext|\[secret\]/);
  });

  it("is nothing where nothing changes", () => {
    const nothing = planReport("dev", false, { ...readEvents(""), steps: [step({ operation: "same" })] });
    assert.equal(hasChanges(nothing), false);
    assert.equal(viewPlan(nothing, screen), "stack dev: nothing changes (1 resources)\n");
    assert.equal(hasChanges(report()), true);
  });
});

describe("the files of a plan", () => {
  it("are found in uploads, SQL, bundles, objects and user data", () => {
    const bundle = JSON.stringify({ files: { "/etc/haproxy/haproxy.cfg": { content: "a", mode: "0644" } }, hosts: "" });
    assert.deepEqual([...filesOf({ ...upload("/etc/a", "1"), files: { "0001.sql": "2" }, userData: "3" })], [["/etc/a", "1"], ["0001.sql", "2"], ["user-data", "3"]]);
    assert.deepEqual([...filesOf({ key: "bundles/x.json", content: bundle })], [["/etc/haproxy/haproxy.cfg", "a"]]);
    assert.deepEqual([...filesOf({ key: "hello.txt", content: "hello" })], [["hello.txt", "hello"]]);
    assert.deepEqual([...filesOf({ files: 7, uploads: "x", content: "{}" })], []);
  });

  it("are told once where several servers change alike", () => {
    const steps = ["s-10", "s-2"].map((name) => step({ name, before: upload("/etc/a", "1\n"), after: upload("/etc/a", "2\n") }));
    const [{ on, diff }, ...others] = fileChanges(steps);
    assert.deepEqual([on, others, diff], [["s-2", "s-10"], [], "@@ -1,1 +1,1 @@\n-1\n+2"]);
  });

  it("that are new are listed, and shown in full when asked", () => {
    const made = planReport("dev", true, { ...readEvents(""), steps: [step({ operation: "create", after: upload("/etc/a", "hello\n") })] });
    assert.doesNotMatch(viewPlan(made, screen), /\+hello/);
    assert.match(viewPlan(made, screen, { full: true }), /\+hello/);
    assert.match(viewPlan(made, screen), /^stack dev, not deployed yet: 1 to create$/m);
  });
});

describe("the plan for a pull request", () => {
  const large = (content: string): PlanReport =>
    planReport("dev", false, { ...readEvents(""), steps: [step({ before: upload("/etc/a", "1\n"), after: upload("/etc/a", content) }), step({ name: "two", before: upload("/etc/b", "1"), after: upload("/etc/b", "2") })] });

  it("keeps within what a comment may hold, and says what it leaves out", () => {
    const text = markdownPlan(large("line of text\n".repeat(9000)));
    assert.ok(text.length < 65_536);
    assert.match(text, /1 longer parts are left out/);
    assert.match(text, /<code>\/etc\/b<\/code>/);
  });

  it("is not broken by what stands in a file", () => {
    const text = markdownPlan(large("```\n</details>| x\n"));
    assert.match(text, /````diff\n/);
    assert.equal(text.match(/^````$/gm)?.length, 1);
  });
});
