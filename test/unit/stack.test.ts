import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { declareStack, isSecret, Registered } from "./support/monitor";
import { createStack } from "../../infra/stack";

const CONTAINER = "docker:index/container:Container";

describe("the stack", function () {
  this.timeout(20_000);
  let resources: Registered[];
  let outputs: any;
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  const named = (name: string) => resources.find((resource) => resource.name === name)!;
  const containers = () => ofType(CONTAINER);
  const container = (name: string) => containers().find((resource) => resource.name === name)!;

  before(async () => ({ resources, outputs } = await declareStack({})));

  it("names every container by cluster, service and number", () => {
    assert.deepEqual(
      containers().map(({ name }) => name).sort(),
      [
        "pgha-test-etcd-1", "pgha-test-etcd-2", "pgha-test-etcd-3", "pgha-test-haproxy-1", "pgha-test-haproxy-2",
        "pgha-test-pgbouncer-1", "pgha-test-pgbouncer-2", "pgha-test-postgres-1", "pgha-test-postgres-2", "pgha-test-postgres-3",
      ],
    );
    for (const { name, inputs } of containers()) assert.equal(inputs.name, name);
  });

  it("gives every resource but the stack's own a parent", () => {
    const top = resources.filter(({ parent }) => parent === "").map(({ name }) => name);
    assert.deepEqual(top.sort(), ["pgha-test", "pgha-test-ca", "pgha-test-database", "pgha-test-operator-certificate", "pgha-test-ready", "pgha-test-secrets", "pgha-test-settings"]);
  });

  it("makes nothing on the engine before the preflight has passed", () => {
    const reaches = (resource: Registered): boolean =>
      resource.name === "pgha-test-preflight" || resource.dependencies.some((name) => reaches(named(name)));
    const onEngine = resources.filter(({ type }) => type.startsWith("docker:"));
    assert.ok(onEngine.length > 15);
    for (const resource of onEngine) assert.ok(reaches(resource), `${resource.name} does not wait for the preflight`);
  });

  it("makes and replaces servers of one service one after the other", () => {
    for (const [service, count] of [["etcd", 3], ["postgres", 3], ["haproxy", 2], ["pgbouncer", 2]] as const)
      for (let n = 2; n <= count; n++)
        assert.ok(container(`pgha-test-${service}-${n}`).dependencies.includes(`pgha-test-${service}-${n - 1}`), `${service}-${n}`);
    assert.ok(container("pgha-test-postgres-1").dependencies.includes("pgha-test-etcd-3"));
  });

  it("starts the Postgres servers together, and talks SQL once all of them are ready", () => {
    for (let n = 1; n <= 3; n++) assert.equal(container(`pgha-test-postgres-${n}`).inputs.wait, false, "one alone may have to wait for the others");
    const ready = named("pgha-test-ready");
    for (const name of ["pgha-test-postgres-3", "pgha-test-haproxy-2", "pgha-test-pgbouncer-2"]) assert.ok(ready.dependencies.includes(name), name);
    assert.equal(ready.inputs.servers.length, 3);
    assert.ok(named("pgha-test-settings").dependencies.includes("pgha-test-ready"));
    assert.ok(ofType("pulumi-nodejs:dynamic/pgha:Schema")[0].dependencies.includes("pgha-test-settings"));
  });

  it("keeps volumes when they leave the program, and protects passwords and the authority", () => {
    const volumes = ofType("docker:index/volume:Volume");
    assert.equal(volumes.length, 6);
    for (const { name, retainOnDelete, inputs } of volumes) {
      assert.ok(retainOnDelete, name);
      assert.equal(inputs.name, name);
      assert.ok(inputs.labels.some(({ label, value }: any) => label === "pgha.cluster-id" && value === "00112233445566aa"), name);
    }
    const kept = [...ofType("random:index/randomPassword:RandomPassword").filter(({ name }) => !name.includes("-role-")), ...ofType("random:index/randomId:RandomId"), ...ofType("pulumi-nodejs:dynamic/pgha:CertificateAuthority"), ...ofType("pulumi-nodejs:dynamic/pgha:DockerEngine")];
    assert.equal(kept.length, 14);
    for (const { name, protect } of kept) assert.ok(protect, name);
    assert.equal(resources.filter(({ protect }) => protect).length, kept.length, "a protected server could not be removed");
  });

  it("hands no password or key over in plain", () => {
    for (const { name, inputs } of resources) {
      const plain = JSON.stringify(inputs, (_key, value) => (isSecret(value) ? "secret" : value));
      assert.ok(!plain.includes("PLAIN-"), `${name}: ${plain.match(/.{0,80}PLAIN-[^"]*/)?.[0]}`);
    }
  });

  it("keeps secrets out of uploads, so that a preview shows what changes in a file", () => {
    for (const { name, inputs } of containers())
      for (const upload of inputs.uploads) assert.ok(!isSecret(upload) && !isSecret(upload.content), `${name} ${upload.file}`);
  });

  it("drops every capability, limits memory, and publishes ports on this machine only", () => {
    for (const { name, inputs } of containers()) {
      assert.deepEqual(inputs.capabilities, { drops: ["ALL"] }, name);
      assert.deepEqual(inputs.securityOpts, ["no-new-privileges"], name);
      assert.ok(inputs.memory > 0 && inputs.memory === inputs.memorySwap, name);
      for (const port of inputs.ports ?? []) assert.equal(port.ip, "127.0.0.1", name);
      assert.equal(inputs.restart, "unless-stopped", name);
      assert.ok(inputs.destroyGraceSeconds >= 5, `${name} would be killed at once`);
    }
  });

  it("replaces a container for a changed health check, but not for the settings it was made with", () => {
    for (const { name, replaceOnChanges } of containers()) assert.deepEqual(replaceOnChanges, ["healthcheck", "tmpfs"], name);
    const [first] = container("pgha-test-postgres-1").inputs.uploads;
    assert.equal(first.file, "/etc/pgha/patroni/bootstrap.yml");
    assert.deepEqual(container("pgha-test-postgres-1").ignoreChanges, ["uploads[0].content"]);
  });

  it("gives people and programs the ways in, and marks those with a password as secret", async () => {
    for (const name of ["writeUrl", "readUrl", "haproxyWriteUrl", "haproxyReadUrl", "operatorKey"])
      assert.ok(await pulumi.isSecret(outputs[name]), name);
    const url = await new Promise<string>((resolve) => outputs.writeUrl.apply(resolve));
    assert.match(url, /^postgresql:\/\/app:[^@]+@localhost:6432,localhost:6442\/app\?sslmode=verify-full&sslrootcert=\/.*pgha-test\/ca\.crt/);
    assert.deepEqual(outputs.patroniUrls, ["https://localhost:8008", "https://localhost:8018", "https://localhost:8028"]);
  });

  it("may be declared again, as another cluster, in the same process", async () => {
    const second = await declareStack({ name: "second", standbys: 1, etcd: { members: 1 }, pgbouncer: { instances: 3 }, postgres: { version: 17 } });
    const names = second.resources.filter(({ type }) => type === CONTAINER).map(({ name }) => name);
    assert.equal(names.length, 1 + 2 + 2 + 3);
    assert.ok(names.every((name) => name.startsWith("second-")));
    const image = second.resources.find(({ name }) => name === "second-postgres-image")!;
    assert.equal(image.inputs.build.args.POSTGRES, "17");
    assert.match(image.inputs.build.platform, /^linux\/(amd64|arm64)$/);
  });

  it("builds images anew for a renewal, and notes it for the next update", async () => {
    const declare = (renewed?: string) => declareStack({ name: "kept" }, "test", (config) => createStack({ ...config, renewed }));
    const argsOf = ({ resources }: Awaited<ReturnType<typeof declare>>) => resources.find(({ name }) => name === "kept-postgres-image")!.inputs.build.args;
    const never = await declare();
    assert.deepEqual([argsOf(never).RENEWED, never.outputs.renewed], [undefined, undefined]);
    const renewed = await declare("2026-11-28");
    assert.deepEqual([argsOf(renewed).RENEWED, renewed.outputs.renewed], ["2026-11-28", "2026-11-28"]);
  });

  it("hands the environment's proxies to the image builds, those with a password as secrets", async () => {
    const given = { HTTPS_PROXY: "http://me:s3cret@proxy:3128", no_proxy: "localhost" };
    const before = Object.fromEntries(Object.keys(given).map((name) => [name, process.env[name]]));
    Object.assign(process.env, given);
    try {
      const { resources } = await declareStack({ name: "proxied" });
      const { args } = resources.find(({ name }) => name === "proxied-etcd-image")!.inputs.build;
      assert.equal(args.no_proxy, "localhost");
      assert.match(JSON.stringify(args.HTTPS_PROXY), /^\{.*4dabf18193072939515e22adb298388d.*me:s3cret@proxy/, "the engine's mark of a secret");
    } finally {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  });
});

describe("the stack that is watched", function () {
  this.timeout(20_000);
  const watched = { monitoring: { enabled: true, receivers: [{ name: "hook", type: "webhook", url: "https://example.com/" }] } };
  const rest = (resources: Registered[]) => resources.filter(({ name }) => !/prometheus|-ready$|-preflight$/.test(name));

  it("has one container, volume and image more, and nothing else is another", async () => {
    const plain = (await declareStack({})).resources;
    const { resources, outputs } = await declareStack(watched);
    const more = resources.filter(({ name }) => !plain.some((one) => one.name === name));
    assert.deepEqual(more.map(({ name }) => name).sort(), [
      "pgha-test-prometheus-1", "pgha-test-prometheus-1", "pgha-test-prometheus-1-certificate", "pgha-test-prometheus-1-data", "pgha-test-prometheus-1-handover", "pgha-test-prometheus-image",
    ]);
    assert.deepEqual(rest(resources), rest(plain));
    const { inputs } = more.find(({ type }) => type === CONTAINER)!;
    assert.deepEqual(inputs.ports.map(({ internal, external, ip }: any) => [internal, external, ip]), [[9090, 9090, "127.0.0.1"], [9093, 9093, "127.0.0.1"]]);
    assert.ok(await pulumi.isSecret(pulumi.output(outputs.prometheusUrls)));
  });

  it("asks for what is secret of a receiver, by its key and remedy", async () => {
    await assert.rejects(
      () => declareStack({ monitoring: { enabled: true, receivers: [{ name: "chat", type: "slack" }] } }),
      /pgha:chatSecret: the receiver chat needs its webhook's URL; pulumi config set --secret pgha:chatSecret/,
    );
  });
});
