import * as assert from "node:assert";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as http from "node:http";
import * as os from "node:os";
import * as path from "node:path";
import { aptInstall, mayInstall, systemEnvironment } from "../../../tools/engine/apt";
import { connectDocker, dockerHost, ensureDocker } from "../../../tools/engine/docker";
import { defaultDockerHost, dockerAddresses, refuseElsewhere } from "../../../tools/engine/dockerAddress";
import { Machine, Obstacle, remedyFor } from "../../../tools/engine/dockerRemedy";
import { layoutOf } from "../../../tools/engine/layout";
import { UserError } from "../../../tools/errors";
import { playHost } from "../support/playedHost";

describe("tools/engine: Docker", () => {
  let folder: string;
  const servers: http.Server[] = [];
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-docker-"))));
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    fs.rmSync(folder, { recursive: true });
  });

  const write = (name: string, text: string, mode?: number) => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text, { mode });
  };
  const context = (name: string, host: string, current = true) => {
    const id = createHash("sha256").update(name).digest("hex");
    if (current) write(".docker/config.json", JSON.stringify({ currentContext: name }));
    write(`.docker/contexts/meta/${id}/meta.json`, JSON.stringify({ Endpoints: { docker: { Host: host } } }));
    return id;
  };
  /** An engine that knows its version and nothing else. */
  const play = async (socket: string, version: object = { Version: "29.0.0", ApiVersion: "1.52" }) => {
    fs.mkdirSync(path.dirname(path.join(folder, socket)), { recursive: true });
    const server = http.createServer((_, response) => response.end(JSON.stringify(version)));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(path.join(folder, socket), resolve));
    return `unix://${path.join(folder, socket)}`;
  };
  const said: string[] = [];
  const step = { making: (text: string) => void said.push(text), progress: () => undefined };
  beforeEach(() => said.splice(0));

  describe("is looked for", () => {
    it("where DOCKER_HOST says, before the context, and where the context says, before the sockets", () => {
      context("far", "tcp://far:2375");
      assert.strictEqual(dockerHost({ HOME: folder, DOCKER_HOST: "tcp://near:1" }), "tcp://near:1");
      assert.strictEqual(dockerHost({ HOME: folder }), "tcp://far:2375");
      assert.strictEqual(dockerAddresses({ HOME: folder, DOCKER_CONTEXT: "default" })[0].chosenBy, undefined);
    });

    it("at the sockets of Docker Desktop, Colima, OrbStack, Rancher Desktop, rootless Docker and Podman", async () => {
      const sockets = [".docker/run/docker.sock", ".docker/desktop/docker.sock", ".colima/default/docker.sock", ".orbstack/run/docker.sock", ".rd/docker.sock", "run/docker.sock", "run/podman/podman.sock"];
      for (const socket of sockets) write(socket, "");
      const found = dockerAddresses({ HOME: folder, XDG_RUNTIME_DIR: path.join(folder, "run") }).map(({ host }) => host);
      assert.deepStrictEqual(found.filter((host) => host !== defaultDockerHost), sockets.map((socket) => `unix://${folder}/${socket}`));
    });

    it("with the certificates of a context, or of DOCKER_CERT_PATH", () => {
      const id = context("tls", "tcp://localhost:2376");
      write(`.docker/contexts/tls/${id}/docker/ca.pem`, "CA");
      for (const name of ["cert.pem", "key.pem"]) write(`.docker/contexts/tls/${id}/docker/${name}`, name);
      const [{ host, certificates }] = dockerAddresses({ HOME: folder });
      const { protocol, ca, port } = connectDocker(host, certificates).modem as any;
      assert.deepStrictEqual([protocol, ca, port], ["https", "CA", "2376"]);
      assert.strictEqual(dockerAddresses({ DOCKER_HOST: "tcp://localhost:1", DOCKER_CERT_PATH: "/certs" })[0].certificates, "/certs");
    });

    it("in no context that does not exist", () => {
      write(".docker/config.json", JSON.stringify({ currentContext: "gone" }));
      assert.throws(() => dockerAddresses({ HOME: folder }), (error: UserError) => /context gone does not exist/.test(error.message) && /context use default/.test(error.remedy ?? ""));
    });
  });

  it("of another machine is refused before anything is made, with the reason and both ways out", () => {
    for (const host of ["tcp://10.0.0.5:2376", "tcp://docker:2375", "ssh://me@build", "ssh://localhost"])
      assert.throws(() => refuseElsewhere({ host, chosenBy: "DOCKER_HOST" }), (error: UserError) => error.message.includes(`another machine (${host}, by DOCKER_HOST), where the cluster's ports`) && /run pgha on that machine.*unset DOCKER_HOST/.test(error.remedy ?? ""), host);
    assert.throws(() => refuseElsewhere({ host: "npipe:////./pipe/docker", chosenBy: "the docker context x" }), /no address that pgha can use/);
    for (const host of ["unix:///x.sock", "tcp://127.0.0.1:2375", "tcp://localhost:2375", "tcp://[::1]:2375"]) refuseElsewhere({ host });
  });

  it("is the first that answers, be there dead sockets before it", async () => {
    write("dead.sock", "");
    const alive = await play("alive.sock");
    const addresses = [{ host: `unix://${folder}/dead.sock` }, { host: alive }];
    const { host, version } = await ensureDocker({}, layoutOf(folder), step, { install: false, addresses });
    assert.deepStrictEqual([host, version], [alive, "29.0.0"]);
  });

  it("that is too old is refused with what is needed", async () => {
    const addresses = [{ host: await play("old.sock", { Version: "19.03.1", ApiVersion: "1.40" }) }];
    await assert.rejects(ensureDocker({}, layoutOf(folder), step, { install: false, addresses }), /Docker 19\.03\.1 at unix.*old\.sock is too old: its API is 1\.40, and 1\.41 is needed/);
  });

  describe("that does not answer", () => {
    const machine: Machine = { platform: "linux", isRoot: true, isWsl: false, hasDaemon: true, hasApt: true, install: true, has: () => false };
    const none: Obstacle = { address: { host: defaultDockerHost }, denied: false, reason: "connect ENOENT" };
    const remedy = (changes: Partial<Machine> = {}, ...obstacles: Partial<Obstacle>[]) => {
      const action = remedyFor((obstacles.length ? obstacles : [none]).map((obstacle) => ({ ...none, ...obstacle })), { ...machine, ...changes });
      return action instanceof UserError ? `${action.message}: ${action.remedy}` : action;
    };

    it("is started by up where root may, and installed when it is not there", () => {
      assert.strictEqual(remedy(), "start");
      assert.strictEqual(remedy({ hasDaemon: false }), "install");
    });

    it("is neither started nor installed by a command that only looks, which says who would", () => {
      assert.match(remedy({ install: false }), /not running \(tried unix:\/\/\/var\/run\/docker\.sock\): npm run up does so, or: sudo systemctl start docker/);
      assert.match(remedy({ install: false, hasDaemon: false }), /not installed.*: npm run up does so, or: install it/);
    });

    it("is left to the person otherwise, with the remedy that fits", () => {
      assert.match(remedy({}, { denied: true }), /docker\.sock is not open to you: .*usermod -aG docker/);
      assert.match(remedy({ isRoot: false }), /not running.*: sudo systemctl start docker/);
      assert.match(remedy({ isRoot: false, hasDaemon: false }), /not installed.*docs\.docker\.com/);
      assert.match(remedy({ isRoot: false, hasDaemon: false, isWsl: true }), /WSL integration/);
    });

    it("is Docker Desktop, Colima or OrbStack that is not started, wherever a desktop keeps its socket", () => {
      const desktop = dockerAddresses({ HOME: (write(".docker/run/docker.sock", ""), folder) }).find(({ product }) => product);
      assert.match(remedy({ platform: "darwin", isRoot: false }, { address: desktop }), /^Docker Desktop is not running \(tried unix:.*docker\.sock\): start Docker Desktop, then/);
      context("colima", `unix://${folder}/.colima/default/docker.sock`);
      assert.match(remedy({ platform: "darwin", isRoot: false }, { address: dockerAddresses({ HOME: folder })[0] }), /^Colima is not running \(.*by the docker context colima\): colima start, then/);
      const mac = { platform: "darwin" as const, isRoot: false, hasDaemon: false };
      assert.match(remedy({ ...mac, has: (program) => program === "Docker" }), /^Docker Desktop is not running .*: start Docker Desktop/);
      assert.match(remedy(mac), /^Docker is not installed .*: install and start Docker Desktop .*Colima/);
    });

    it("is never replaced by one of ours where somebody chose an address", () => {
      assert.match(remedy({}, { address: { host: "tcp://localhost:1", chosenBy: "DOCKER_HOST" } }), /does not answer at tcp:\/\/localhost:1, where DOCKER_HOST points: .*: start it there, or unset DOCKER_HOST/);
      assert.match(remedy({}, { address: { host: "unix:///x", chosenBy: "the docker context mine" } }), /docker context use default/);
    });
  });

  it("is started with none of our tokens, says before how to stop it, and is waited for", async function () {
    if (fs.existsSync("/run/systemd/system") && process.getuid?.() !== 0) this.skip();
    const socket = path.join(folder, "made.sock");
    const server = `require("http").createServer((_, r) => r.end(JSON.stringify({ Version: "29.1.0", ApiVersion: "1.52" }))).listen(${JSON.stringify(socket)});require("fs").writeFileSync(${JSON.stringify(path.join(folder, "env"))}, JSON.stringify({ ...process.env, pid: process.pid }))`;
    write("bin/dockerd", `#!/bin/sh\nexec ${process.execPath} -e '${server}'\n`, 0o755);
    const env = { PATH: path.join(folder, "bin"), HOME: folder, HTTPS_PROXY: "http://proxy:1", PULUMI_ACCESS_TOKEN: "s3cret" };
    if (process.getuid?.() !== 0) this.skip();
    const { version } = await ensureDocker(env, layoutOf(folder), step, { install: true, addresses: [{ host: `unix://${socket}` }], daemonArgs: [] });
    const given = JSON.parse(fs.readFileSync(path.join(folder, "env"), "utf8"));
    process.kill(given.pid);
    assert.deepStrictEqual([version, given.HTTPS_PROXY, given.PULUMI_ACCESS_TOKEN], ["29.1.0", "http://proxy:1", undefined]);
    assert.match(said.join(), /goes on after this command \(kill .* stops it\)/);
  });

  it("is installed only where it may be, announced before, with a clean environment", async () => {
    assert.ok(!mayInstall({ PATH: folder }, true, true) && !mayInstall({ PATH: "/usr/bin" }, false, true));
    assert.deepStrictEqual(systemEnvironment({ PATH: "/bin", no_proxy: "x", AWS_SECRET_ACCESS_KEY: "y" }), { PATH: "/bin", no_proxy: "x" });
    write("bin/apt-get", `#!/bin/sh\necho "$* $TOKEN" >> ${folder}/calls\ncase "$*" in *install*) echo "E: no such package" >&2; exit 100;; esac\n`, 0o755);
    assert.ok(mayInstall({ PATH: path.join(folder, "bin") }, true, true));
    fs.mkdirSync(layoutOf(folder).folder);
    const PATH = `${path.join(folder, "bin")}:/usr/bin:/bin`;
    const before = process.env.PATH;
    process.env.PATH = PATH;
    try {
      await assert.rejects(aptInstall("docker.io", { PATH, TOKEN: "s3cret" }, layoutOf(folder), step), /apt could not install docker\.io: E: no such package/);
    } finally {
      process.env.PATH = before;
    }
    assert.match(said.join(), /installing docker\.io on this machine with apt \(PGHA_NO_INSTALL=1 forbids it/);
    assert.match(fs.readFileSync(path.join(folder, "calls"), "utf8"), /update \n.*install --yes --no-install-recommends docker\.io \n$/);
  });

  it("answers over TCP of this machine as well", async () => {
    const host = await playHost({ "/version": JSON.stringify({ Version: "28.0.0", ApiVersion: "1.48" }) });
    try {
      const { version } = await ensureDocker({ DOCKER_HOST: host.url.replace("http", "tcp") }, layoutOf(folder), step, { install: false });
      assert.strictEqual(version, "28.0.0");
    } finally {
      host.close();
    }
  });
});
