import * as assert from "node:assert";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Layout, layoutOf, repository } from "../../../tools/engine/layout";
import { dynamicProviderFolders, ensurePlugins } from "../../../tools/engine/plugins";
import { UserError } from "../../../tools/errors";

const versionOf = (provider: string): string => JSON.parse(fs.readFileSync(path.join(repository, "node_modules/@pulumi", provider, "package.json"), "utf8")).version;

describe("tools/engine: provider plugins", () => {
  let folder: string;
  let layout: Layout;
  let env: NodeJS.ProcessEnv;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-plugins-"));
    layout = layoutOf(folder);
    env = { PATH: `${folder}/bin:/usr/bin:/bin`, HOME: folder, PULUMI_HOME: layout.home };
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  /** A played CLI: writes down what it is called with, says something, ends with a code. */
  const playPulumi = (says: string, code: number) => {
    fs.mkdirSync(path.join(folder, "bin"), { recursive: true });
    const script = `#!/bin/sh\necho "$*" >> ${folder}/calls\necho "$SSL_CERT_FILE" > ${folder}/authorities\ncat >&2 <<'END'\n${says}\nEND\nexit ${code}\n`;
    fs.writeFileSync(path.join(folder, "bin", "pulumi"), script, { mode: 0o755 });
  };
  const calls = () => (fs.existsSync(`${folder}/calls`) ? fs.readFileSync(`${folder}/calls`, "utf8").trim().split("\n") : []);
  const step = { making: () => undefined, progress: () => undefined };
  const ensure = () => ensurePlugins(env, layout, step, { providers: ["random"], preview: false });
  const wrapper = () => path.join(layout.plugins, "pulumi-resource-random");
  const unreachable = (why: string) => `[resource plugin random] installing\nwarning: Error downloading plugin: Get "https://get.pulumi.com/x.tar.gz": ${why}\nWill retry in 80ms [1/5]`;

  it("are downloaded by the CLI in the version that npm's packages ask for", async () => {
    playPulumi("", 0);
    assert.deepStrictEqual(await ensure(), { folders: [], standIns: [], summary: `random ${versionOf("random")}` });
    assert.deepStrictEqual(calls(), [`plugin install resource random v${versionOf("random")} --non-interactive`]);
  });

  it("are replaced by stand-ins while nobody answers, with the reason and the way to ask again", async () => {
    playPulumi(unreachable("dial tcp: lookup get.pulumi.com on 10.0.0.1:53: no such host"), 1);
    const { standIns, folders, summary } = await ensure();
    assert.deepStrictEqual([standIns, folders], [["random"], [layout.plugins]]);
    assert.match(summary, /^stand-ins of this repository for random [^:]*: Get "https:.*no such host; asked again after 10 minutes, or at once after rm -r \.pgha\/unavailable$/);
    assert.ok(fs.existsSync(wrapper()));
    assert.match((await ensure()).summary, /no such host/);
    assert.strictEqual(calls().length, 1, "remembered");
    fs.rmSync(layout.unavailable, { recursive: true });
    playPulumi("", 0);
    assert.deepStrictEqual((await ensure()).standIns, []);
    assert.ok(!fs.existsSync(wrapper()), "the official one takes its place");
  });

  it("count as out of reach however the network fails", async () => {
    const reasons = ["dial tcp 1.2.3.4:443: connect: connection refused", "dial tcp 1.2.3.4:443: i/o timeout", "net/http: TLS handshake timeout", "read: connection reset by peer", "unexpected EOF", "connect: network is unreachable", "lookup get.pulumi.com: server misbehaving"];
    for (const reason of reasons) {
      fs.rmSync(layout.folder, { recursive: true, force: true });
      playPulumi(unreachable(reason), 1);
      assert.deepStrictEqual((await ensure()).standIns, ["random"], reason);
    }
  });

  it("are an error with its remedy for any other reason, and nothing is remembered", async () => {
    const failures: [says: string, message: RegExp, remedy: RegExp][] = [
      ["error: [resource plugin random-4] downloading: 404 HTTP error fetching plugin from https://get.pulumi.com/x", /random .* cannot be downloaded: .*404 HTTP error/, /on a machine that reaches it[^]*PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES/],
      ["error: 429 HTTP error fetching plugin", /429/, /try again/],
      ['error: Get "https://get.pulumi.com/x": Proxy Authentication Required', /Proxy Authentication/, /user:password@proxy/],
      ["error: tls: failed to verify certificate: x509: certificate signed by unknown authority", /x509/, /NODE_EXTRA_CA_CERTS/],
      ["error: write /home/me/.pulumi/plugins/x: no space left on device", /no space left/, /make room/],
    ];
    for (const [says, message, remedy] of failures) {
      playPulumi(says, 255);
      await assert.rejects(ensure(), (error: UserError) => message.test(error.message) && remedy.test(error.remedy ?? ""), says);
    }
    assert.ok(!fs.existsSync(layout.unavailable) && !fs.existsSync(wrapper()));
  });

  it("are of the kind that is asked for: no download for a stand-in, no stand-in for an official one", async () => {
    playPulumi(unreachable("no such host"), 1);
    env.PGHA_PLUGINS = "stand-in";
    const chosen = await ensure();
    assert.deepStrictEqual([chosen.standIns, chosen.summary, calls()], [["random"], `stand-ins of this repository for random ${versionOf("random")} (PGHA_PLUGINS=stand-in)`, []]);
    env.PGHA_PLUGINS = "official";
    for (const _ of ["asked", "remembered"])
      await assert.rejects(ensure(), (error: UserError) => /random .* out of reach \(.*no such host\), and PGHA_PLUGINS=official/.test(error.message) && /copy ~\/\.pulumi\/plugins/.test(error.remedy ?? ""));
    assert.ok(!fs.existsSync(wrapper()), "none is left for plain pulumi to find");
    playPulumi("", 0);
    fs.rmSync(layout.unavailable, { recursive: true });
    assert.deepStrictEqual((await ensure()).standIns, []);
    env.PGHA_PLUGINS = "offical";
    await assert.rejects(ensure(), /PGHA_PLUGINS is "offical"/);
  });

  it("are downloaded with the company's authority beside the system's", async () => {
    playPulumi("", 0);
    const file = path.join(folder, "company.pem");
    fs.writeFileSync(file, "COMPANY\n");
    env = { ...env, NODE_EXTRA_CA_CERTS: file };
    await ensure();
    const bundle = fs.readFileSync(fs.readFileSync(path.join(folder, "authorities"), "utf8").trim(), "utf8");
    assert.match(bundle, /COMPANY\n$/);
    if (fs.existsSync("/etc/ssl/certs/ca-certificates.crt")) assert.match(bundle, /BEGIN CERTIFICATE/);
  });

  it("for dynamic providers come beside a CLI of ours, and by PATH beside another one that lacks it", () => {
    const name = "pulumi-resource-pulumi-nodejs";
    fs.mkdirSync(layout.bin, { recursive: true });
    assert.deepStrictEqual(dynamicProviderFolders(layout.bin, layout, []), []);
    fs.accessSync(path.join(layout.bin, name), fs.constants.X_OK);
    const [npms] = dynamicProviderFolders(path.join(folder, "brew"), layout, []);
    assert.ok(fs.existsSync(path.join(npms, name)));
    assert.deepStrictEqual(dynamicProviderFolders(path.join(folder, "brew"), layout, [npms]), []);
  });
});
