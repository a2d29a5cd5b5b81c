import assert from "node:assert/strict";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { planCluster } from "../../../infra/plan";
import { parseConfig } from "../../../infra/config";
import { Database } from "../../../infra/resources/database";
import { readSqlFiles } from "../../../infra/live/schema/migrations";
import { declareStack, isSecret, MACHINE, type Registered } from "../support/monitor";

describe("Database", () => {
  let schema: Registered;
  let version: string;
  let provider: pulumi.dynamic.ResourceProvider;

  before(async () => {
    const slots = [{ name: "orders", type: "logical" }, { name: "archive", type: "physical" }];
    const { resources, outputs } = await declareStack({ database: { name: "shop" }, slots });
    schema = resources.find(({ type }) => type === "pulumi-nodejs:dynamic/pgha:Schema")!;
    version = await new Promise((resolve) => outputs.schemaVersion.apply(resolve));
    const module = { handler: undefined as unknown as () => pulumi.dynamic.ResourceProvider };
    new Function("exports", "require", schema.inputs.__provider)(module, require);
    provider = module.handler();
  });

  it("gives each login role its password, as secrets", () => {
    assert.ok(isSecret(schema.inputs.password));
    assert.ok(isSecret(schema.inputs.passwords));
    assert.deepEqual(schema.inputs.passwords.value, {
      pgbouncer: "PLAIN-pgha-test-pgbouncer-password",
      monitoring: "PLAIN-pgha-test-monitoring-password",
      shop: "PLAIN-pgha-test-application-password",
      shop_readonly: "PLAIN-pgha-test-application-readonly-password",
      shop_migrator: "PLAIN-pgha-test-role-shop_migrator-password",
    });
    assert.deepEqual(schema.secretOutputs, ["password", "passwords", "subscriptionPasswords"]);
    const { password: _, passwords: __, subscriptionPasswords: ___, ...clear } = schema.inputs;
    assert.doesNotMatch(JSON.stringify(clear), /PLAIN-/);
  });

  it("shows the text of every file, and its version before anything is applied", () => {
    assert.deepEqual(schema.inputs.files, readSqlFiles(path.join(__dirname, "../../../sql")));
    assert.match(version, /^\d{4}$/);
    assert.equal(version, schema.inputs.version);
    assert.deepEqual(schema.inputs.declared.databases[0].slots, [{ name: "orders", plugin: "pgoutput" }]);
  });

  it("keeps little and no path of this machine in the state", () => {
    assert.ok(schema.inputs.__provider.length < 4000, `${schema.inputs.__provider.length} characters of code`);
    assert.ok(!schema.inputs.__provider.includes(process.cwd()));
  });

  it("changes with anything but its patience and its code, and moves to a new resource with another database", async () => {
    const inputs = { ...schema.inputs, password: "a", passwords: { shop: "b" }, timeout: 5, triggers: [] };
    const state = { ...inputs, checksums: {} };
    const diff = (change: object) => provider.diff!("shop", state, { ...inputs, ...change });
    assert.deepEqual(await diff({}), { changes: false, replaces: [] });
    assert.deepEqual(await diff({ timeout: 6, __provider: "newer" }), { changes: false, replaces: [] });
    for (const change of [{ files: {} }, { declared: { cluster: {}, databases: [] } }, { drift: ["a column"] }, { passwords: { shop: "c" } }, { password: "c" }, { triggers: ["container"] }, { hosts: [] }])
      assert.deepEqual(await diff(change), { changes: true, replaces: [] }, JSON.stringify(change));
    assert.deepEqual(await diff({ database: "other" }), { changes: true, replaces: ["database"] });
  });

  it("deletes nothing, and needs no server for it", async () => {
    assert.equal(await provider.delete!("shop", {}), undefined);
  });

  it("names a faulty file without a stack trace", () => {
    const folder = path.join(__dirname, "no-such-folder");
    const passwords = { pgbouncer: "", monitoring: "", readWrite: "", readOnly: "" };
    const spec = planCluster(parseConfig({}, "test", MACHINE));
    const args = { spec, rolePasswords: {}, subscriptionPasswords: {}, hosts: [], control: { databases: [], patroni: [], authority: "", certificate: "", key: "", poolers: [], writers: [] }, caCertificate: "", password: "", passwords, folder };
    assert.throws(() => new Database("other", args), (error) => pulumi.RunError.isInstance(error) && /no-such-folder/.test(error.message));
  });
});
