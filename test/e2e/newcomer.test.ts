import * as assert from "node:assert";
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { connectDocker } from "../../tools/engine/docker";
import { repository } from "../../tools/engine/layout";
import { pulumiVersion } from "../../tools/engine/release";
import { ensureEngine, EngineEnvironment } from "../../tools/engine";
import { archiveName, archiveOf, PlayedHost, playHost, releaseOf } from "../unit/support/playedHost";
import { Project } from "./support/project";

const CLUSTER = "pgha-e2e-newcomer";
const OFFSET = 24_000;

/** What a newcomer's machine gets, through the very code: the hosts are played on loopback, with the CLI that is here as the release. */
describe("a machine without a CLI, plugins and Go", () => {
  let engine: EngineEnvironment;
  let project: Project;
  let hosts: PlayedHost[];

  before(async () => {
    engine = await ensureEngine();
    project = await Project.create();
    project.configure("newcomer", { name: CLUSTER, ports: { offset: OFFSET } });
    const folders = (engine.env.PATH ?? "").split(path.delimiter);
    const real = (name: string) => fs.readFileSync(path.join(folders.find((folder) => fs.existsSync(path.join(folder, name)))!, name));
    const release = await archiveOf({ pulumi: real("pulumi"), "pulumi-language-nodejs": real("pulumi-language-nodejs") });
    const plugin = async (provider: string) => {
      const { version } = JSON.parse(fs.readFileSync(path.join(repository, "node_modules/@pulumi", provider, "package.json"), "utf8"));
      const name = `pulumi-resource-${provider}`;
      const platform = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
      // What it runs is the stand-in: what is played here is where it comes from
      const script = `#!/bin/sh\nexec node '${path.join(repository, "tools/providers/plugin.js")}' ${provider} "$@"\n`;
      return { [`/${name}-v${version}-${platform}.tar.gz`]: await archiveOf({ [name]: script }, "") };
    };
    hosts = [await playHost(releaseOf(release)), await playHost({ ...(await plugin("docker")), ...(await plugin("random")) })];
  });
  after(async () => {
    hosts?.forEach((host) => host.close());
    await project?.dispose();
  });

  /** Runs in a container of Debian with nothing of ours but Node.js, on this machine's network and with its Docker. */
  const bare = (...command: string[]) => {
    const root = path.join(project.root, "bare");
    fs.mkdirSync(root, { recursive: true });
    for (const name of fs.readdirSync(project.root).filter((name) => name !== "bare" && !fs.existsSync(path.join(root, name))))
      fs.symlinkSync(path.join(project.root, name), path.join(root, name));
    const socket = fs.realpathSync(engine.dockerHost.replace("unix://", ""));
    const variables = {
      PGHA_ROOT: root,
      HOME: root,
      NO_COLOR: "1",
      PGHA_PULUMI_URL: hosts[0].url,
      PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES: `.*=${hosts[1].url}`,
    };
    const args = [
      ...["run", "--rm", "--network", "host", "--workdir", root],
      ...["--user", `${process.getuid?.()}:${process.getgid?.()}`, "--group-add", String(fs.statSync(socket).gid)],
      ...["-v", `${repository}:${repository}:ro`, "-v", `${project.root}:${project.root}`],
      ...["-v", `${fs.realpathSync(process.execPath)}:/usr/bin/node:ro`, "-v", `${socket}:/var/run/docker.sock`],
      ...Object.entries(variables).flatMap(([name, value]) => ["-e", `${name}=${value}`]),
    ];
    const env = { ...process.env, DOCKER_HOST: engine.dockerHost };
    return new Promise<{ code: number; text: string }>((resolve) =>
      execFile("docker", [...args, "debian:forky-slim", ...command], { env, maxBuffer: 2 ** 24 }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, text: stdout + stderr }),
      ),
    );
  };
  const pgha = (...command: string[]) => bare("node", path.join(repository, "tools/bootstrap.js"), ...command);

  it("comes from nothing to a CLI that runs and plugins that are installed, and builds nothing", async function () {
    await connectDocker(engine.dockerHost).getImage("debian:forky-slim").inspect();
    const version = await pgha("pulumi", "version");
    assert.strictEqual(version.code, 0, version.text);
    assert.match(version.text, new RegExp(`^v?${pulumiVersion}\\n`), "the answer, on stdout");
    assert.match(version.text, new RegExp(`Pulumi CLI ${pulumiVersion}: downloading its release`));
    assert.doesNotMatch(version.text, /stand-in|building|warning/);
    assert.ok(hosts[0].asked.includes(`/${archiveName}`));
    const listed = await pgha("pulumi", "plugin", "ls");
    assert.match(listed.text, /docker +resource +\d[^]*random +resource +\d/);
    assert.strictEqual(hosts[0].asked.length, 2, "the second command downloads nothing");
  });

  it("goes on by `up` to the first resources, up to what stands in the way on this very machine", async () => {
    const taken = net.createServer().listen(6432 + OFFSET, "127.0.0.1");
    try {
      const { code, text } = await pgha("up", "--stack", "newcomer");
      assert.notStrictEqual(code, 0);
      assert.match(text, /random:index:RandomPassword .* created/);
      assert.match(text, new RegExp(`nothing was touched: port ${6432 + OFFSET} of this machine is in use`));
      assert.doesNotMatch(text, /stand-in|building/);
    } finally {
      taken.close();
    }
    const targets = ["preflight", "network"].flatMap((name) => ["--target", `**${CLUSTER}-${name}`]);
    const { code, text } = await pgha("pulumi", "up", "--stack", "newcomer", "--yes", "--skip-preview", ...targets);
    assert.strictEqual(code, 0, text);
    assert.deepStrictEqual((await project.remains(CLUSTER)).networks, [CLUSTER]);
    const down = await pgha("down", "--stack", "newcomer", "--data", "--yes");
    assert.strictEqual(down.code, 0, down.text);
    assert.deepStrictEqual(await project.remains(CLUSTER), { containers: [], volumes: [], networks: [] });
  });
});
