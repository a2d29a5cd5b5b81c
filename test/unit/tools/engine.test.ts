import * as assert from "node:assert";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { demandItsBackend, ensureBackend, loggedIn } from "../../../tools/engine/backend";
import { BASE_IMAGE, unobtainable } from "../../../tools/engine/baseImage";
import {
  baseImage,
  checkFolderName,
  clusterName,
  commandOf,
  configurationArguments,
  optionOf,
} from "../../../tools/engine/configuration";
import { layoutOf, rememberUnavailable, whyUnavailable } from "../../../tools/engine/layout";
import { retryOptions, suiteOf } from "../../../tools/engine/mmdebstrap";
import { isEmpty, sortOut } from "../../../tools/engine/leftovers";
import { findLost, lostResources } from "../../../tools/engine/lost";
import { clearInterrupted, halfMade } from "../../../tools/engine/repair";
import { demandOrganization, isRunningPulumi, isSameStack, isStale } from "../../../tools/engine/stack";
import { checkName, deploymentOf, rolePasswordsOf } from "../../../tools/engine/state";
import { UserError } from "../../../tools/errors";

describe("tools/engine", () => {
  let folder: string;
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-tools-"))));
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  const write = (name: string, text: string, mode?: number) => {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text, { mode });
    return file;
  };

  describe("the folder .pgha", () => {
    it("holds everything, by one name each", () => {
      const layout = layoutOf(folder);
      const places = [layout.bin, layout.home, layout.state, layout.passphrase, layout.plugins, layout.unavailable];
      assert.ok(
        [...places, layout.dockerLog, layout.stack("dev")].every(
          (place) => path.dirname(place) === path.join(folder, ".pgha"),
        ),
      );
      assert.strictEqual(layout.stack("organization/pgha/dev"), layout.stack("dev"));
    });

    it("remembers for minutes what is out of reach", () => {
      const layout = layoutOf(folder);
      assert.strictEqual(whyUnavailable(layout, "registry"), undefined);
      rememberUnavailable(layout, "registry", "no such host");
      assert.strictEqual(whyUnavailable(layout, "registry"), "no such host");
      assert.strictEqual(whyUnavailable(layout, "registry", Date.now() + 11 * 60_000), undefined);
      assert.strictEqual(whyUnavailable(layout, "another"), undefined);
    });
  });

  describe("the base image", () => {
    it("is made from the suite of its tag", () => {
      assert.strictEqual(suiteOf("debian:forky-slim"), "forky");
      assert.strictEqual(suiteOf("debian:trixie-slim"), "trixie");
      for (const other of ["debian:trixie", "debian:13-slim", "mirror.example/debian:trixie-slim", "alpine:3"])
        assert.strictEqual(suiteOf(other), undefined, other);
    });

    it("is the one that the configuration names", () => {
      assert.strictEqual(baseImage(folder, "dev"), BASE_IMAGE);
      write("Pulumi.dev.yaml", "config:\n  pgha:cluster:\n    images:\n");
      assert.strictEqual(baseImage(folder, "dev"), BASE_IMAGE);
      write("Pulumi.dev.yaml", "config:\n  pgha:cluster:\n    images: { base: debian:trixie-slim }\n");
      assert.strictEqual(baseImage(folder, "dev"), "debian:trixie-slim");
    });

    it("that can be neither pulled nor made is an error that names its key", () => {
      const { message, remedy } = unobtainable("alpine:3", "no such host");
      assert.match(message, /alpine:3 cannot be pulled \(no such host\)/);
      assert.match(remedy ?? "", /pgha:cluster\.images\.base[^]*docker save alpine:3/);
    });

    it("is tried again without the date check only where the mirror is stale", () => {
      const expired =
        "E: Release file for http://mirror/debian/dists/forky/InRelease is expired (invalid since 3d 2h).";
      assert.deepStrictEqual(retryOptions(expired), ['--aptopt=Acquire::Check-Valid-Until "false"']);
      assert.strictEqual(retryOptions("E: Could not resolve 'mirror'"), undefined);
    });
  });

  describe("the state backend", () => {
    it("is the one somebody is logged in to", () => {
      write(".pulumi/credentials.json", JSON.stringify({ current: "https://api.example.com" }));
      assert.strictEqual(loggedIn({ HOME: folder }), "https://api.example.com");
      assert.strictEqual(loggedIn({ HOME: folder, PULUMI_BACKEND_URL: "s3://bucket" }), "s3://bucket");
      assert.strictEqual(loggedIn({ HOME: "/nowhere", PULUMI_ACCESS_TOKEN: "token" }), "Pulumi Cloud");
      assert.strictEqual(loggedIn({ HOME: "/nowhere" }), undefined);
    });

    it("is one in .pgha otherwise, with a passphrase that only its owner reads and that stays", () => {
      const layout = layoutOf(folder);
      const backend = ensureBackend({ HOME: "/nowhere" }, layout);
      assert.ok(backend.own);
      assert.strictEqual(backend.env.PULUMI_BACKEND_URL, pathToFileURL(layout.state).href);
      assert.strictEqual(fs.statSync(layout.passphrase).mode & 0o777, 0o600);
      assert.strictEqual(fs.statSync(layout.folder).mode & 0o777, 0o700);
      const passphrase = fs.readFileSync(layout.passphrase, "utf8");
      assert.ok(ensureBackend({ ...backend.env, HOME: "/nowhere" }, layout).own, "its own environment is recognised");
      assert.strictEqual(fs.readFileSync(layout.passphrase, "utf8"), passphrase);
    });

    it("stays where a stack's state is: another one is refused, with both ways out", () => {
      const layout = layoutOf(folder);
      const elsewhere = { HOME: "/nowhere", PULUMI_ACCESS_TOKEN: "token" };
      demandItsBackend("dev", elsewhere, layout);
      write(".pgha/state/.pulumi/stacks/pgha/dev.json", "{}");
      const own = pathToFileURL(layout.state).href;
      for (const stack of ["dev", "organization/pgha/dev"]) {
        assert.throws(
          () => demandItsBackend(stack, elsewhere, layout),
          ({ message, remedy }: UserError) =>
            /nothing was touched: the state of the stack dev is in \.pgha\/state, and PULUMI_ACCESS_TOKEN is set/.test(message) &&
            remedy!.includes(`before the command: PULUMI_BACKEND_URL='${own}'`) &&
            /stack export --show-secrets[^]*stack init [^]*stack import/.test(remedy!),
        );
      }
      demandItsBackend("other", elsewhere, layout);
      demandItsBackend("dev", { HOME: "/nowhere" }, layout);
      demandItsBackend("dev", { ...elsewhere, PULUMI_BACKEND_URL: own }, layout);
    });

    it("changes nothing for somebody who has one, and shows no credential of it", () => {
      const backend = ensureBackend({ PULUMI_BACKEND_URL: "https://me:secret@state.example.com" }, layoutOf(folder));
      assert.deepStrictEqual(backend, { own: false, summary: "https://state.example.com", env: {} });
      assert.ok(!fs.existsSync(path.join(folder, ".pgha")));
    });
  });

  describe("the stack's configuration", () => {
    const engine = (own = true) => ({
      root: folder,
      layout: layoutOf(folder),
      backend: { own, summary: "" },
      env: { PULUMI_STACK: "dev", HOME: folder },
    });
    const copy = () => path.join(layoutOf(folder).stack("dev"), "Pulumi.dev.yaml");

    it("gives the cluster its name, or the stack does", () => {
      assert.strictEqual(clusterName(folder, "dev"), "pgha-dev");
      assert.strictEqual(clusterName(folder, "organization/pgha/Prod_2"), "pgha-prod-2", "as infra/config/index.ts");
      write("Pulumi.dev.yaml", "config:\n  pgha:cluster: {}\n");
      assert.strictEqual(clusterName(folder, "dev"), "pgha-dev");
      write("Pulumi.dev.yaml", "config:\n  pgha:cluster:\n    name: orders\n");
      assert.strictEqual(clusterName(folder, "organization/pgha/dev"), "orders");
      write("Pulumi.dev.yaml", "config: [");
      assert.throws(() => clusterName(folder, "dev"), /Pulumi\.dev\.yaml is not valid YAML/);
    });

    it("is handed to the engine as a copy, where it may write its salt", () => {
      write("Pulumi.dev.yaml", "config:\n  pgha:cluster: {}\n");
      assert.deepStrictEqual(configurationArguments(["-s", "dev", "up", "--yes"], engine()), [
        "-s",
        "dev",
        "up",
        "--config-file",
        copy(),
        "--yes",
      ]);
      assert.deepStrictEqual(configurationArguments(["preview"], engine()), ["preview", "--config-file", copy()]);
      assert.strictEqual(fs.readFileSync(copy(), "utf8"), "config:\n  pgha:cluster: {}\n");
    });

    it("is left alone where the file itself is meant, has a salt of its own, or belongs to another backend", () => {
      write("Pulumi.dev.yaml", "config: {}\n");
      for (const args of [
        ["config", "set", "up", "1"],
        ["stack", "output"],
        ["up", "--config-file", "other.yaml"],
        [],
      ]) {
        assert.deepStrictEqual(configurationArguments(args, engine()), args);
      }
      assert.deepStrictEqual(configurationArguments(["up"], engine(false)), ["up"]);
      assert.deepStrictEqual(configurationArguments(["up", "--stack=other"], engine()), ["up", "--stack=other"]);
      write("Pulumi.dev.yaml", "encryptionsalt: v1:abc\n");
      assert.deepStrictEqual(configurationArguments(["up"], engine()), ["up"]);
    });

    it("knows the command wherever the options stand", () => {
      assert.strictEqual(commandOf(["-s", "up", "stack", "import"]), "stack");
      assert.strictEqual(commandOf(["up", "--yes"]), "up");
      assert.strictEqual(commandOf(["--help"]), undefined);
    });

    it("is found by a stack's name however the option is written", () => {
      assert.strictEqual(optionOf(["up", "-s", "a"], "--stack", "-s"), "a");
      assert.strictEqual(optionOf(["up", "--stack=b"], "--stack", "-s"), "b");
      assert.strictEqual(optionOf(["up", "--", "-s", "a"], "--stack", "-s"), undefined);
    });

    it("takes no stack whose folder would be another's", () => {
      for (const name of ["state", "bin", "archives", "drills", "passphrase", "..", "a b", ""])
        assert.throws(() => checkFolderName(name, "stack"), UserError, name);
      for (const name of ["dev", "organization/pgha/prod-2"]) checkFolderName(name, "stack");
    });
  });

  describe("a deployment", () => {
    const urn = (type: string, name: string) => `urn:pulumi:dev::pgha::${type}::${name}`;
    const cluster = { type: "pgha:docker:Cluster", urn: urn("pgha:docker:Cluster", "orders") };
    const type = "random:index/randomId:RandomId";
    const id = {
      type,
      urn: urn(`pgha:secrets:ClusterSecrets$${type}`, "orders-id"),
      outputs: { hex: "0a" },
    };
    const password = { type: "random:index/randomPassword:RandomPassword", urn: urn("p", "orders-x-password") };
    const read = (...resources: object[]) => deploymentOf({ deployment: { resources: resources as never } });

    it("is known by the state: its name and the id of its containers and volumes", () => {
      const known = { clusters: ["orders"], ids: ["0a"] };
      assert.deepStrictEqual(read(cluster, id, password), known);
      assert.deepStrictEqual(read(id, password), known, "after `down`, which keeps what is protected");
      assert.deepStrictEqual(read(cluster), { clusters: ["orders"], ids: [] });
      assert.deepStrictEqual(deploymentOf({ deployment: {} }), { clusters: [], ids: [] });
    });

    it("knows the passwords of declared roles, which `down` has to keep with the data", () => {
      const role = { ...password, urn: urn("p", "orders-role-reporting-password") };
      const resources = [cluster, id, password, role] as never;
      assert.deepStrictEqual(rolePasswordsOf({ deployment: { resources } }), [role.urn]);
      assert.deepStrictEqual(rolePasswordsOf({ deployment: {} }), []);
    });

    it("keeps its name: up refuses another one and says how to go on", () => {
      const remedy = "npm run down -- --data";
      assert.throws(
        () => checkName("sales", read(id), remedy),
        (error: UserError) =>
          /runs as orders/.test(error.message) &&
          /set pgha:cluster\.name back to orders, or remove it first: npm run down -- --data/.test(error.remedy ?? ""),
      );
      checkName("orders", read(id), remedy);
      checkName("orders", read(), remedy);
    });

    const made = (name: string, id?: string, of = "c") => ({
      name,
      labels: { "pgha.cluster": of, ...(id && { "pgha.cluster-id": id }) },
    });
    const listed = {
      containers: [made("c-1", "0a"), made("d-1", "0c", "d")],
      networks: [made("c"), made("d", undefined, "d")],
      volumes: [made("c-data", "0a"), made("d-data", "0a", "d")],
      images: ["c/etcd:1", "d/etcd:1"],
    };
    const own = { containers: ["c-1"], networks: ["c"], volumes: ["c-data"], images: ["c/etcd:1"] };
    const none = { containers: [], networks: [], volumes: [], images: [] };

    it("owns what carries its name and its id, and the network and images of its name", () => {
      const found = sortOut(listed, { clusters: ["c"], ids: ["0a"] });
      assert.deepStrictEqual(found, { own, foreign: none });
      assert.ok(isEmpty(found.foreign) && !isEmpty(found.own));
    });

    it("never owns what carries another id, nor the network and images that this uses", () => {
      const containers = [...listed.containers, made("c-2", "0b"), made("c-3")];
      assert.deepStrictEqual(sortOut({ ...listed, containers }, { clusters: ["c"], ids: ["0a"] }), {
        own: { ...own, networks: [], images: [] },
        foreign: { ...none, containers: ["c-2", "c-3"], networks: ["c"], images: ["c/etcd:1"] },
      });
      const volumes = [...listed.volumes, made("c-other", "0b")];
      assert.deepStrictEqual(sortOut({ ...listed, volumes }, { clusters: ["c"], ids: ["0a"] }), {
        own: { ...own, images: [] },
        foreign: { ...none, volumes: ["c-other"], images: ["c/etcd:1"] },
      });
    });

    it("touches nothing of another cluster, not even with the same id, as a copied state has", () => {
      const { own, foreign } = sortOut(listed, { clusters: ["c"], ids: ["0a"] });
      assert.ok(![...Object.values(own), ...Object.values(foreign)].flat().some((name) => name.startsWith("d")));
    });

    it("that no state knows owns nothing", () => {
      const { own, foreign } = sortOut(listed, { clusters: ["c"], ids: [] });
      assert.deepStrictEqual(own, none);
      const lone = sortOut({ ...listed, containers: [], volumes: [] }, { clusters: ["c"], ids: [] });
      assert.deepStrictEqual([lone.own.networks, lone.foreign.networks], [[], ["c"]]);
      assert.deepStrictEqual(foreign, { containers: ["c-1"], networks: ["c"], volumes: ["c-data"], images: ["c/etcd:1"] });
    });
  });

  describe("what was taken away behind Pulumi's back", () => {
    const made = (kind: string, id: string) => ({ urn: `urn:${id}`, type: `docker:index/${kind.toLowerCase()}:${kind}`, id });
    const volume = (name: string) => made("Volume", name);
    const all = [made("Container", "c1"), made("Container", "c2"), made("Network", "n1"), volume("x-postgres-1-data"), volume("x-postgres-2-data"), volume("x-etcd-1-data")];
    const engine = (...volumes: string[]) => ({ containers: new Set(["c1"]), networks: new Set(["other"]), volumes: new Set(volumes) });

    it("is looked at again: containers that do not run, networks and volumes that are gone, and nothing else", () => {
      const other = [made("RandomId", "r"), { urn: "urn:new", type: "docker:index/volume:Volume" }];
      assert.deepStrictEqual(lostResources([...all, ...other], engine("x-postgres-1-data", "x-etcd-1-data")), ["urn:c2", "urn:n1", "urn:x-postgres-2-data"]);
    });

    it("is built again where it is an image: only one that Docker does not know is lost", async () => {
      const image = (urn: string, repoDigest?: string) => ({ urn, type: "docker:index/image:Image", id: urn, outputs: { repoDigest } });
      const docker = {
        listContainers: async () => [],
        listNetworks: async () => [],
        listVolumes: async () => ({ Volumes: null }),
        getImage: (id: string) => ({ inspect: async () => (id === "sha256:there" ? {} : Promise.reject(Object.assign(new Error(), { statusCode: 404 }))) }),
      };
      const images = [image("a", "sha256:there"), image("b", "sha256:pruned"), image("c")];
      assert.deepStrictEqual(await findLost(images, docker as never), { forgettable: [], images: ["b"] });
    });
  });

  describe("an interrupted update", () => {
    const lock = { pid: 7, username: "me", hostname: "here", timestamp: "2026-01-01T00:00:00Z" };

    it("leaves a lock that is stale only when its process is gone from this machine", () => {
      assert.ok(isStale(lock, "here", () => false));
      assert.ok(!isStale(lock, "here", () => true));
      assert.ok(!isStale(lock, "elsewhere", () => false));
    });

    it("is over when its process is dead, though not buried, or its number another program's", () => {
      assert.ok(isRunningPulumi("7 (pulumi) S 1 7 7"));
      assert.ok(!isRunningPulumi("7 (pulumi) Z 1 7 7"));
      assert.ok(!isRunningPulumi("7 (node) S 1 7 7"));
    });

    it("may have begun containers and networks; never is a volume among them", () => {
      const operation = (type: string, kind: string, name: string) => ({
        type,
        resource: { urn: name, type: kind, inputs: { name } },
      });
      const container = "docker:index/container:Container";
      const found = halfMade([
        operation("creating", container, "a"),
        operation("updating", container, "b"),
        operation("creating", "docker:index/network:Network", "c"),
        operation("creating", "docker:index/volume:Volume", "d"),
        operation("creating", container, "foreign"),
        operation("creating", "docker:index/network:Network", "foreign"),
      ], { containers: ["a", "b", "x"], networks: ["c"] });
      assert.deepStrictEqual(found, { containers: ["a"], networks: ["c"] });
    });

    it("that still runs is no leftover: the backend's lock comes before what it makes is removed", async () => {
      const removed: string[] = [];
      const resource = { urn: "u", type: "docker:index/container:Container", inputs: { name: "x-1" } };
      const id = { urn: "urn:pulumi:dev::pgha::random:index/randomId:RandomId::x-id", type: "random:index/randomId:RandomId", outputs: { hex: "0a" } };
      const labels = { "pgha.cluster": "x", "pgha.cluster-id": "0a" };
      const docker = {
        listContainers: async () => [{ Names: ["/x-1"], Labels: labels }],
        listNetworks: async () => [],
        listVolumes: async () => ({ Volumes: null }),
        listImages: async () => [],
        getContainer: (name: string) => ({ remove: async () => void removed.push(name) }),
      };
      const repair = (pulumi: string) => {
        write("bin/pulumi", `#!/bin/sh\n${pulumi}\n`, 0o755);
        const layout = layoutOf(folder);
        fs.mkdirSync(layout.folder, { recursive: true });
        const engine = { root: folder, layout, backend: { own: false, summary: "" }, dockerHost: "", standIns: [], env: { PATH: `${folder}/bin:${process.env.PATH}` } };
        const exported = { deployment: { resources: [id], pending_operations: [{ type: "creating", resource }] } };
        return clearInterrupted({ stack: "dev", exported, docker: docker as never, engine, step: { making: () => undefined } as never });
      };
      await assert.rejects(repair("echo 'the stack is currently locked' >&2; exit 255"), /currently locked/);
      assert.deepStrictEqual(removed, []);
      assert.strictEqual(await repair("exit 0"), "1 interrupted operation cleared");
      assert.deepStrictEqual(removed, ["x-1"]);
    });
  });

  it("takes no other organisation's stack for the wanted one", () => {
    assert.ok(isSameStack("dev", "dev") && isSameStack("dev", "organization/pgha/dev") && isSameStack("team/dev", "team/pgha/dev"));
    assert.ok(!isSameStack("team/dev", "dev") && !isSameStack("team/dev", "me/dev") && !isSameStack("dev", "prod"));
  });

  it("refuses a branch's name with a slash where the backend has no organizations, and takes it where it may have", () => {
    assert.throws(() => demandOrganization("feature/login", "file:///state"), /the stack feature\/login is one of an organization, feature, which a state in file does not have/);
    for (const [stack, backend] of [["dev", "file:///state"], ["organization/pgha/dev", "s3://bucket"], ["team/dev", "https://api.pulumi.com"], ["team/dev", "Pulumi Cloud"], ["team/dev", undefined]] as const)
      demandOrganization(stack, backend);
  });
});
