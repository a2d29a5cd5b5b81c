import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { providerOf } from "../support/dynamicProvider";
import { declareStack, isSecret, Registered } from "../support/monitor";
import { prodConfiguration } from "../support/prod";

const SHIPPED = { ami: "ami-0123456789abcdef0" };
const declare = (aws: object = {}, raw: object = {}) => declareStack({ ...prodConfiguration({ ...SHIPPED, ...aws }), ...raw }, "prod");
const WORLD = /0\.0\.0\.0\/0|::\/0/;

describe("the stack on EC2", function () {
  this.timeout(60_000);
  let resources: Registered[];
  let outputs: any;
  const ofType = (type: string, all = resources) => all.filter((resource) => resource.type === `aws:${type}`);
  const named = (name: string, all = resources) => all.find((resource) => resource.name === name && resource.type.startsWith("aws:"))!;
  const rules = (all = resources) => ofType("ec2/securityGroupRule:SecurityGroupRule", all);
  const instances = (all = resources) => ofType("ec2/instance:Instance", all);
  const volumes = () => ofType("ebs/volume:Volume");
  const statements = (role: string) => JSON.parse(named(`pgha-prod-${role}-policy`).inputs.policy).Statement as any[];

  before(async () => ({ resources, outputs } = await declare()));

  it("is three machines of Postgres, one a zone, three of etcd, two at the edge", () => {
    assert.deepEqual(instances().map(({ name }) => name).sort(), [
      "pgha-prod-edge-1", "pgha-prod-edge-2", "pgha-prod-etcd-1", "pgha-prod-etcd-2", "pgha-prod-etcd-3",
      "pgha-prod-postgres-1", "pgha-prod-postgres-2", "pgha-prod-postgres-3",
    ]);
    for (const role of ["postgres", "etcd"]) {
      const subnets = instances().filter(({ name }) => name.includes(role)).map(({ inputs }) => inputs.subnetId);
      assert.equal(new Set(subnets).size, 3, role);
    }
  });

  it("uses no container, no function of the provider, and the stack's own provider", () => {
    assert.ok(resources.every(({ type }) => !type.startsWith("docker:")));
    const provider = resources.find(({ type }) => type === "pulumi:providers:aws")!;
    assert.equal(provider.inputs.region, "us-east-1");
  });

  describe("keeps machines in private", () => {
    it("private subnets: no machine has a public address, and no private subnet gives one", () => {
      for (const { name, inputs } of instances()) {
        assert.equal(inputs.associatePublicIpAddress, false, name);
        assert.match(inputs.subnetId, /private/, name);
        assert.match(inputs.privateIp, /^10\.20\./, name);
      }
      for (const { name, inputs } of ofType("ec2/subnet:Subnet")) assert.equal(inputs.mapPublicIpOnLaunch, false, name);
    });

    it("security groups per role that name each other: whatever comes in comes from a group", () => {
      const incoming = rules().filter(({ inputs }) => inputs.type === "ingress");
      assert.ok(incoming.length > 15);
      for (const { name, inputs } of incoming) {
        assert.ok(inputs.sourceSecurityGroupId, name);
        assert.equal(inputs.cidrBlocks, undefined, name);
        assert.equal(inputs.fromPort, inputs.toPort, name);
      }
    });

    it("every rule that lets something in has its counterpart that lets it out", () => {
      const ends = (type: string) =>
        rules().filter(({ inputs }) => inputs.type === type && inputs.sourceSecurityGroupId).map(({ inputs: { securityGroupId: a, sourceSecurityGroupId: b, fromPort } }) =>
          (type === "ingress" ? [b, a, fromPort] : [a, b, fromPort]).join(" "));
      assert.deepEqual(ends("ingress").sort(), ends("egress").sort());
    });

    it("etcd is reached by etcd, Postgres and HAProxy's checks alone, Postgres by Postgres and the edge alone", () => {
      const into = (group: string) => [...new Set(rules().filter(({ inputs }) => inputs.type === "ingress" && inputs.securityGroupId === `pgha-prod-${group}-group-id`).map(({ inputs }) => `${inputs.sourceSecurityGroupId.replace(/pgha-prod-|-group-id/g, "")}:${inputs.fromPort}`))].sort();
      assert.deepEqual(into("etcd"), ["edge:2379", "etcd:2380", "postgres:2379"]);
      assert.deepEqual(into("postgres"), ["edge:5432", "edge:8008", "postgres:5432", "postgres:8008"]);
      assert.ok(into("edge").every((source) => /^(edge|clients|balancer):/.test(source)));
    });

    it("what goes out to the world is package repositories and AWS, by 443 and 80", () => {
      const open = rules().filter(({ inputs }) => WORLD.test(JSON.stringify(inputs.cidrBlocks ?? [])));
      assert.ok(open.length > 0);
      for (const { name, inputs } of open) assert.ok(inputs.type === "egress" && [80, 443].includes(inputs.fromPort), name);
    });

    it("the VPC's default group is emptied", () => assert.deepEqual(Object.keys(named("pgha-prod-default-group").inputs).sort(), ["tags", "vpcId"]));

    it("the load balancer is internal, and no part of the cluster has a key pair for SSH", () => {
      assert.equal(named("pgha-prod-balancer").inputs.internal, true);
      for (const { name, inputs } of instances()) assert.equal(inputs.keyName, undefined, name);
      assert.ok(rules().every(({ inputs }) => inputs.fromPort !== 22));
    });

    it("without NAT there is no way to the world at all", async () => {
      const { resources: closed } = await declare({ network: { nat: "none" }, packages: { source: "baked" } });
      assert.equal(ofType("ec2/natGateway:NatGateway", closed).length + ofType("ec2/internetGateway:InternetGateway", closed).length, 0);
      assert.ok(rules(closed).every(({ inputs }) => !WORLD.test(JSON.stringify(inputs.cidrBlocks ?? []))));
      const services = ofType("ec2/vpcEndpoint:VpcEndpoint", closed).map(({ inputs }) => inputs.serviceName.split(".").pop()).sort();
      assert.deepEqual(services, ["ec2messages", "s3", "ssm", "ssmmessages"]);
    });
  });

  describe("makes machines that defend themselves", () => {
    it("IMDSv2 alone, one hop", () => {
      for (const { name, inputs } of instances())
        assert.deepEqual(inputs.metadataOptions, { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 }, name);
    });

    it("termination protection and automatic recovery", () => {
      for (const { name, inputs } of instances()) {
        assert.equal(inputs.disableApiTermination, true, name);
        assert.deepEqual(inputs.maintenanceOptions, { autoRecovery: "default" }, name);
      }
      assert.equal(named("pgha-prod-balancer").inputs.enableDeletionProtection, true);
    });

    it("encrypted volumes by the cluster's key, the root's too", () => {
      for (const { name, inputs } of volumes()) assert.ok(inputs.encrypted === true && inputs.kmsKeyId === "arn:pgha-prod-key", name);
      for (const { name, inputs } of instances()) assert.ok(inputs.rootBlockDevice.encrypted === true && inputs.rootBlockDevice.kmsKeyId === "arn:pgha-prod-key", name);
      assert.equal(named("pgha-prod-key").inputs.enableKeyRotation, true);
    });

    it("pins the image", () => {
      for (const { name, inputs } of instances()) assert.equal(inputs.ami, SHIPPED.ami, name);
    });
  });

  describe("keeps data", () => {
    it("data and WAL apart, and protected, retained and out of the machine", () => {
      assert.deepEqual(volumes().map(({ name }) => name.replace("pgha-prod-", "")).sort(), [
        "etcd-1-etcd", "etcd-2-etcd", "etcd-3-etcd",
        "postgres-1-data", "postgres-1-wal", "postgres-2-data", "postgres-2-wal", "postgres-3-data", "postgres-3-wal",
      ]);
      for (const { name, protect, retainOnDelete, inputs } of volumes()) assert.ok(protect && retainOnDelete && inputs.type === "gp3", name);
      for (const { name, inputs } of instances()) assert.equal(inputs.ebsBlockDevices, undefined, name);
    });

    it("a replaced machine takes them up: attachments go with the machine, which is stopped before", () => {
      const attachments = ofType("ec2/volumeAttachment:VolumeAttachment");
      assert.equal(attachments.length, 9);
      for (const { name, inputs } of attachments) assert.equal(inputs.stopInstanceBeforeDetaching, true, name);
      for (const { name } of instances().filter((one) => one.name.includes("postgres"))) {
        const inUse = attachments.filter(({ inputs }) => inputs.instanceId === `${name}-id`).map(({ inputs }) => inputs.volumeId);
        assert.deepEqual(inUse.sort(), [`${name}-data-id`, `${name}-wal-id`]);
      }
    });

    it("protects key, buckets, passwords and authority; nothing that may have to be replaced", () => {
      const types = new Set(resources.filter(({ protect }) => protect).map(({ type }) => type.split(":").pop()));
      assert.deepEqual([...types].sort(), ["Bucket", "CertificateAuthority", "Key", "RandomId", "RandomPassword", "Volume"]);
    });

    it("S3: public access blocked, encrypted, versioned, TLS alone", () => {
      const buckets = ofType("s3/bucket:Bucket").map(({ name }) => name);
      assert.deepEqual(buckets.sort(), ["pgha-prod-backups", "pgha-prod-machines"]);
      for (const bucket of buckets) {
        const { bucket: _, ...blocked } = named(`${bucket}-closed`).inputs;
        assert.deepEqual(blocked, { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true });
        assert.equal(named(`${bucket}-encrypted`).inputs.rules[0].applyServerSideEncryptionByDefault.sseAlgorithm, "aws:kms");
        assert.equal(named(`${bucket}-versioned`).inputs.versioningConfiguration.status, "Enabled");
        const [deny] = JSON.parse(named(`${bucket}-tls`).inputs.policy).Statement;
        assert.deepEqual([deny.Effect, deny.Condition], ["Deny", { Bool: { "aws:SecureTransport": "false" } }]);
        assert.ok(named(`${bucket}-lifecycle`).inputs.rules[0].noncurrentVersionExpiration.noncurrentDays > 0);
      }
    });
  });

  describe("gives least privilege", () => {
    it("each role reads the parameters and bundles of its own, and decrypts no others", () => {
      for (const role of ["etcd", "postgres", "edge"]) {
        const parameters = `arn:aws:ssm:us-east-1:*:parameter/pgha/pgha-prod/${role}/*`;
        const by = (sid: string) => statements(role).find(({ Sid }) => Sid === sid);
        assert.equal(by("OwnParameters").Resource, parameters);
        assert.deepEqual(by("DecryptOwnParameters").Condition, { StringLike: { "kms:EncryptionContext:PARAMETER_ARN": parameters } });
        assert.equal(by("OwnBundles").Resource, `arn:pgha-prod-machines/bundles/${role}/*`);
      }
    });

    it("nothing but the agent's own calls is allowed on everything, and only Postgres touches backups", () => {
      for (const role of ["etcd", "postgres", "edge"]) {
        for (const { Sid, Action, Resource } of statements(role)) {
          assert.ok(!JSON.stringify(Action).includes("*"), Sid);
          if (Resource === "*") assert.ok(Action.every((action: string) => /^(ssm|ssmmessages|ec2messages):/.test(action) && !/Parameter|SendCommand|StartSession/.test(action)), Sid);
        }
        assert.equal(JSON.stringify(statements(role)).includes("pgha-prod-backups"), role === "postgres");
      }
      assert.equal(resources.filter(({ type }) => /olicyAttachment/.test(type)).length, 0, "AWS's own policies read every parameter");
    });
  });

  describe("keeps secrets", () => {
    it("parameters are SecureStrings under the cluster's key, at the path of the role that reads them", () => {
      const parameters = ofType("ssm/parameter:Parameter").filter(({ inputs }) => !/\/bucket$/.test(inputs.name));
      assert.ok(parameters.length > 30);
      for (const { name, inputs } of parameters) {
        assert.deepEqual([inputs.type, inputs.keyId], ["SecureString", "arn:pgha-prod-key"], name);
        assert.match(inputs.name, /^\/pgha\/pgha-prod\/(etcd|postgres|edge)\//, name);
        assert.ok(isSecret(inputs.value), name);
      }
      const superuser = parameters.filter(({ inputs }) => JSON.stringify(inputs).includes("PLAIN-pgha-prod-postgres-password"));
      assert.deepEqual(superuser.map(({ inputs }) => inputs.name), ["/pgha/pgha-prod/postgres/patroni.env"]);
    });

    it("every secret that a bundle names has its parameter", () => {
      const made = new Set(ofType("ssm/parameter:Parameter").map(({ inputs }) => inputs.name));
      for (const { inputs } of ofType("s3/bucketObjectv2:BucketObjectv2"))
        for (const { parameter } of JSON.parse(inputs.content).secrets) assert.ok(made.has(parameter), parameter);
    });

    it("no password or key in user data, bundles or any property that is not secret", () => {
      for (const { name, inputs } of resources) {
        const plain = JSON.stringify(inputs, (_key, value) => (isSecret(value) ? "secret" : value));
        assert.ok(!plain.includes("PLAIN-"), `${name}: ${plain.match(/.{0,80}PLAIN-[^"]*/)?.[0]}`);
      }
      for (const { name, inputs } of [...instances(), ...ofType("s3/bucketObjectv2:BucketObjectv2")])
        for (const key of ["userData", "content"]) assert.ok(!isSecret(inputs[key]), `${name}: a secret would hide the difference`);
    });

    it("a parameter holds at most the 4 KiB that it may", () => {
      for (const { name, inputs } of ofType("ssm/parameter:Parameter")) assert.ok(JSON.stringify(inputs.value).length < 4096, name);
    });
  });

  describe("rolls changes out", () => {
    const rollout = (node: string, all = resources) => all.find(({ name }) => name === `pgha-prod-${node}-rollout`)!;
    const command = (node: string, all = resources) => rollout(node, all).inputs.commands as string;
    const waitsFor = (name: string, other: string, seen = new Set<string>()): boolean => {
      if (seen.has(name)) return false;
      seen.add(name);
      return resources.filter((resource) => resource.name === name).flatMap(({ dependencies }) => dependencies).some((next) => next === other || waitsFor(next, other, seen));
    };

    it("one machine of a role after the other, Postgres after etcd and the edge", () => {
      for (const [role, count] of [["etcd", 3], ["postgres", 3], ["edge", 2]] as const)
        for (let n = 2; n <= count; n++) assert.ok(waitsFor(`pgha-prod-${role}-${n}`, `pgha-prod-${role}-${n - 1}-rollout`), `${role}-${n}`);
      for (const other of ["etcd-3", "edge-2"]) assert.ok(waitsFor("pgha-prod-postgres-1", `pgha-prod-${other}-rollout`), other);
    });

    it("by a command for each bundle, machine and secret, which is waited for", () => {
      for (const node of ["etcd-1", "postgres-2", "edge-2"]) {
        const { type, inputs } = rollout(node);
        assert.equal(type, "pulumi-nodejs:dynamic/pgha:Ec2Rollout");
        assert.deepEqual([inputs.instance, inputs.region], [`pgha-prod-${node}-id`, "us-east-1"]);
        assert.match(command(node), /pgha-pull [0-9a-f]{64} # machine [0-9a-f]{16}, secrets [0-9a-f]{16}$/);
      }
    });

    it("again where it has failed, on a machine that was replaced, and not otherwise", async () => {
      const { inputs } = rollout("etcd-1");
      const provider = providerOf(inputs.__provider);
      const done = { ...inputs, done: `${inputs.instance} ${inputs.commands}` };
      const isRun = async (olds: object, news: object = inputs) => (await provider.diff!("etcd-1", olds, news)).changes;
      assert.equal(await isRun(done), false);
      assert.equal(await isRun(done, { ...inputs, instance: "i-another" }), true);
      assert.equal(await isRun(done, { ...inputs, commands: "another" }), true);
      assert.equal(await isRun({ ...inputs, done: "an earlier one" }), true);
    });

    it("of Postgres after its leadership was given away, of the others without", () => {
      const handovers = resources.filter(({ type }) => type.endsWith("pgha:Ec2Handover"));
      assert.deepEqual(handovers.map(({ name }) => name), ["pgha-prod-postgres-1-handover", "pgha-prod-postgres-2-handover", "pgha-prod-postgres-3-handover"]);
      for (const { name } of handovers)
        for (const next of ["", "-rollout"]) assert.ok(waitsFor(name.replace("-handover", next), name), name);
    });

    it("without touching a machine for a changed setting, and with a handover for what restarts Postgres", async () => {
      const { resources: changed } = await declare({ etcd: "with-postgres" }, { haproxy: { maxReadLag: "1MiB" } });
      const handover = (all: Registered[]) => all.find(({ name }) => name === "pgha-prod-postgres-1-handover")!.inputs.fingerprint;
      assert.notEqual(handover(changed), handover(resources), "etcd is elsewhere");
      const { resources: slower } = await declare({}, { haproxy: { maxReadLag: "1MiB" } });
      for (const { name, inputs } of instances()) assert.deepEqual(named(name, slower).inputs, inputs, name);
      assert.notEqual(command("edge-1", slower), command("edge-1"), "HAProxy's file is another");
      assert.equal(handover(slower), handover(resources));
      assert.equal(command("postgres-1", slower), command("postgres-1"));
    });

    it("whatever changes a machine is waited for: another instance type stops one machine of a role at a time", async () => {
      const types = { postgres: "r7g.2xlarge", etcd: "c7g.large", edge: "c7g.xlarge" };
      const { resources: larger } = await declare({ instances: types });
      for (const { name } of instances()) {
        assert.notEqual(named(name, larger).inputs.instanceType, named(name).inputs.instanceType, name);
        const node = name.replace("pgha-prod-", "");
        assert.notEqual(command(node, larger), command(node), node);
      }
    });

    it("another image replaces each machine, one at a time, before the next address can clash", async () => {
      const { resources: newer } = await declare({ ami: "ami-0fedcba9876543210" });
      for (const { name } of instances()) assert.notDeepEqual(named(name, newer).inputs.ami, named(name).inputs.ami);
      for (const { name, inputs } of instances()) assert.equal(inputs.userDataReplaceOnChange, true, name);
    });
  });

  it("gives applications the multi-host URL and the load balancer's, and operators the addresses", async () => {
    const value = (name: string) => new Promise<string>((resolve) => outputs[name].apply(resolve));
    assert.match(await value("writeUrl"), /@10\.20\.0\.48:6432,10\.20\.16\.48:6432\/app/);
    assert.match(await value("balancerUrl"), /@db\.pgha-prod\.internal:6432\/app/);
    assert.ok(await pulumi.isSecret(outputs.balancerUrl));
    assert.deepEqual(outputs.patroniUrls, ["https://10.20.0.32:8008", "https://10.20.16.32:8008", "https://10.20.32.32:8008"]);
    assert.equal(outputs.cost.month, 774);
  });

  it("reaches the cluster by port-forwards through the edge, or directly where that is configured", async () => {
    const schema = (all: Registered[]) => all.find(({ type }) => type.endsWith("pgha:Schema"))!.inputs;
    assert.deepEqual(schema(resources).reach, { region: "us-east-1", instances: ["pgha-prod-edge-1-id", "pgha-prod-edge-2-id"] });
    const { resources: direct } = await declare({ access: { way: "direct", cidrs: ["10.8.0.0/24"] } });
    assert.equal(schema(direct).reach, undefined);
    const operators = rules(direct).filter(({ name }) => name.includes("-operators-"));
    assert.deepEqual(operators.map(({ inputs }) => `${inputs.fromPort} ${inputs.cidrBlocks}`).sort(), ["5432 10.8.0.0/24", "6432 10.8.0.0/24", "8008 10.8.0.0/24", "8404 10.8.0.0/24"]);
  });

  it("takes a VPC that is there, and makes no network in it", async () => {
    const subnets = ["a", "b", "c"].map((letter, n) => ({ id: `subnet-0123456789abcde${n}`, zone: `us-east-1${letter}`, cidr: `172.16.${n}.0/24` }));
    const { resources: guest } = await declare({ network: { vpc: "vpc-0123456789abcdef0", subnets } });
    for (const type of ["vpc:Vpc", "subnet:Subnet", "natGateway:NatGateway", "routeTable:RouteTable"]) assert.equal(ofType(`ec2/${type}`, guest).length, 0, type);
    assert.deepEqual(named("pgha-prod-postgres-3", guest).inputs.subnetId, "subnet-0123456789abcde2");
    assert.equal(named("pgha-prod-postgres-3", guest).inputs.privateIp, "172.16.2.32");
  });

  it("puts etcd beside Postgres where that is configured", async () => {
    const { resources: together } = await declare({ etcd: "with-postgres" });
    assert.equal(instances(together).length, 5);
    const { services } = JSON.parse(named("pgha-prod-postgres-1-bundle", together).inputs.content);
    assert.deepEqual(services.map(({ unit }: any) => unit.replace(/pgha-|\.service/g, "")), ["etcd", "etcd-authentication", "patroni", "leave"]);
  });
});
