import * as assert from "node:assert";
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { connectDocker } from "../../tools/engine/docker";
import { repository } from "../../tools/engine/layout";
import { pulumiVersion } from "../../tools/engine/release";
import { ensureEngine, EngineEnvironment } from "../../tools/engine";
import { archiveName, archiveOf, PlayedHost, playHost, releaseOf } from "../unit/support/playedHost";
import { Project } from "./support/project";

/** What a newcomer's machine gets, through the very code: the hosts are played on loopback, with the CLI that is here as the release. */
describe("a machine without a CLI, plugins and Go", () => {
  let engine: EngineEnvironment;
  let project: Project;
  let hosts: PlayedHost[];

  before(async () => {
    engine = await ensureEngine();
    project = await Project.create();
    const folders = (engine.env.PATH ?? "").split(path.delimiter);
    const real = (name: string) => fs.readFileSync(path.join(folders.find((folder) => fs.existsSync(path.join(folder, name)))!, name));
    const release = await archiveOf({ pulumi: real("pulumi"), "pulumi-language-nodejs": real("pulumi-language-nodejs") });
    const plugin = async (provider: string) => {
      const { version } = JSON.parse(fs.readFileSync(path.join(repository, "node_modules/@pulumi", provider, "package.json"), "utf8"));
      const name = `pulumi-resource-${provider}`;
      const platform = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
      return { [`/${name}-v${version}-${platform}.tar.gz`]: await archiveOf({ [name]: "#!/bin/sh\n" }, "") };
    };
    hosts = [await playHost(releaseOf(release)), await playHost({ ...(await plugin("docker")), ...(await plugin("random")) })];
  });
  after(async () => {
    hosts?.forEach((host) => host.close());
    await project?.dispose();
  });

  /** Runs in a container of Debian with nothing of ours but Node.js, on this machine's network. */
  const bare = (...command: string[]) => {
    const root = path.join(project.root, "bare");
    fs.mkdirSync(root, { recursive: true });
    fs.copyFileSync(path.join(repository, "Pulumi.yaml"), path.join(root, "Pulumi.yaml"));
    const variables = {
      PGHA_ROOT: root,
      HOME: root,
      PGHA_PULUMI_URL: hosts[0].url,
      PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES: `.*=${hosts[1].url}`,
    };
    const mounts = [`${repository}:${repository}:ro`, `${fs.realpathSync(process.execPath)}:/usr/bin/node:ro`, `${root}:${root}`];
    const args = ["run", "--rm", "--network", "host", "--user", `${process.getuid?.()}:${process.getgid?.()}`, ...mounts.flatMap((mount) => ["-v", mount]), ...Object.entries(variables).flatMap(([name, value]) => ["-e", `${name}=${value}`]), "debian:forky-slim"];
    return new Promise<{ code: number; text: string }>((resolve) =>
      execFile("docker", [...args, ...command], { env: { ...process.env, DOCKER_HOST: engine.dockerHost } }, (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, text: stdout + stderr })),
    );
  };

  it("comes from nothing to a CLI that runs and plugins that are installed, and builds nothing", async function () {
    await connectDocker(engine.dockerHost).getImage("debian:forky-slim").inspect();
    const entry = path.join(repository, "tools/bootstrap.js");
    const version = await bare("node", entry, "pulumi", "version");
    assert.strictEqual(version.code, 0, version.text);
    assert.match(version.text, new RegExp(`^v?${pulumiVersion}\\n`), "the answer, on stdout");
    assert.match(version.text, new RegExp(`Pulumi CLI ${pulumiVersion}: downloading its release`));
    assert.doesNotMatch(version.text, /stand-in|building|warning/);
    assert.ok(hosts[0].asked.includes(`/${archiveName}`));
    const listed = await bare("node", entry, "pulumi", "plugin", "ls");
    assert.match(listed.text, /docker +resource +\d[^]*random +resource +\d/);
    assert.strictEqual(hosts[0].asked.length, 2, "the second command downloads nothing");
  });
});
