import assert from "node:assert/strict";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ClusterConfig } from "../../infra/config";
import { PolicyError, underPolicies } from "../../infra/policies";
import { createStack } from "../../infra/stack";
import { prodConfiguration } from "./support/prod";
import { declareStack, Registered } from "./support/monitor";

/** Declares resources under the policies; what was registered, and the error. */
async function declare(make: () => void, policies: object = {}, whole?: () => Promise<unknown>) {
  const seen: Registered[] = [];
  const errors: Error[] = [];
  const late = (error: Error) => void errors.push(error);
  const before = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", late);
  try {
    const attempt = whole ?? (() => declareStack({ policies }, "test", (config: ClusterConfig) => underPolicies(config.policies, make), seen));
    await attempt().catch(late);
    await new Promise((resolve) => setTimeout(resolve, 20));
  } finally {
    process.off("unhandledRejection", late);
    before.forEach((listener) => process.on("unhandledRejection", listener));
  }
  return { seen, errors: [...new Set(errors)] };
}

const safe: docker.ContainerArgs = {
  image: "i", name: "one", memory: 256, capabilities: { drops: ["ALL"] }, securityOpts: ["no-new-privileges"], destroyGraceSeconds: 10,
};
const container = (args: Partial<docker.ContainerArgs>, name = "one") => new docker.Container(name, { ...safe, ...args });
const reason = "tried out on a machine of its own";

describe("the policies in the program", function () {
  this.timeout(20_000);

  it("let the shipped stack pass, in every profile and mode", async () => {
    for (const raw of [{}, { profile: "bulk", etcd: { members: 1 } }, { replication: { mode: "strict" }, availability: { preset: "common" } }])
      await declareStack(raw, "test", createStack);
  });

  it("let the shipped prod pass, small and as it is, and refuse what makes it unsafe", async function () {
    this.timeout(60_000);
    for (const aws of [{}, { size: "small", etcd: "with-postgres", network: { nat: "none" }, packages: { source: "baked" } }]) await declareStack(prodConfiguration(aws), "prod");
    const refused = async (aws: object) => {
      const { errors } = await declare(() => void 0, {}, () => declareStack(prodConfiguration(aws), "prod"));
      return String(errors[0]);
    };
    assert.match(await refused({ clients: { cidrs: ["0.0.0.0/0"] } }), /open to the world/);
  });

  it("refuse everything at once, before anything is registered", async () => {
    const { seen, errors } = await declare(() => {
      container({ privileged: true, ports: [{ internal: 5432, external: 5432 }] });
      container({ capabilities: { adds: ["SYS_ADMIN"] } }, "two");
    });
    assert.deepEqual(seen.map(({ name }) => name), []);
    assert.equal(errors.length, 1);
    assert.ok(errors[0] instanceof PolicyError);
    for (const rule of ["container-unprivileged] one", "container-ports-local] one publishes port 5432 on 0.0.0.0", "container-capabilities] two adds SYS_ADMIN"])
      assert.ok(errors[0].message.includes(`[${rule}`), errors[0].message);
  });

  it("see resources inside components", async () => {
    class Part extends pulumi.ComponentResource {
      constructor() {
        super("test:Part", "part");
        new docker.Volume("loose", {}, { parent: this });
      }
    }
    const { seen, errors } = await declare(() => void new Part());
    assert.match(String(errors[0]), /\[volume-kept\] loose would be deleted/);
    assert.deepEqual(seen, []);
  });

  it("refuse what only an Output says, before that resource is registered", async () => {
    const { seen, errors } = await declare(() => {
      const first = new docker.Network("first", {});
      container({ networkMode: first.id.apply(() => "host") });
    });
    assert.deepEqual(seen.map(({ name }) => name), ["first"]);
    assert.match(String(errors[0]), /\[container-unprivileged\] one shares the host's network/);
  });

  it("look at no secret, and do not take it for a plain one", async () => {
    const { seen, errors } = await declare(() => void container({ envs: [pulumi.interpolate`PGPASSWORD=${pulumi.secret("hunter2hunter2")}`] }));
    assert.deepEqual(errors, []);
    assert.equal(seen.length, 1);
    const plain = await declare(() => void container({ envs: [pulumi.output("PGPASSWORD=hunter2hunter2")] }));
    assert.match(String(plain.errors[0]), /\[no-plain-secret\] one holds a password in clear/);
    assert.doesNotMatch(String(plain.errors[0]), /hunter2/);
  });

  it("warn where a rule is advisory, and let pass where it is disabled", async () => {
    for (const level of ["advisory", "disabled"]) {
      const { seen, errors } = await declare(() => void container({ privileged: true }), { "container-unprivileged": { level, reason } });
      assert.deepEqual(errors, []);
      assert.equal(seen.length, 1);
    }
  });

  it("want a rule that there is, and a reason", async () => {
    for (const policies of [{ "no-such-rule": { level: "disabled", reason } }, { "no-ssh": { level: "disabled" } }, { "no-ssh": { level: "disabled", reason: "no" } }])
      await assert.rejects(declareStack({ policies }), /pgha:cluster\.policies\./);
  });

  it("do not hide the error of a program that fails by itself", async () => {
    const { seen, errors } = await declare(() => {
      container({});
      throw new Error("its own");
    });
    assert.deepEqual([seen.length, errors.map(({ message }) => message)], [0, ["its own"]]);
  });
});
