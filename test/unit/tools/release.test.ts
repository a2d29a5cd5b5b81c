import * as assert from "node:assert";
import * as fs from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { issueCertificate } from "../../../infra/live/issue";
import { layoutOf } from "../../../tools/engine/layout";
import { ensurePulumi } from "../../../tools/engine/pulumi";
import { checksumOf, pulumiVersion } from "../../../tools/engine/release";
import { UserError } from "../../../tools/errors";
import { Answer, archiveName, archiveOf, playHost, PlayedHost, releaseOf, sumsName } from "../support/playedHost";

const playedCli = { pulumi: `#!/bin/sh\n[ "$1" = version ] && echo v${pulumiVersion}\n`, "pulumi-language-nodejs": "#!/bin/sh\n" };

describe("tools/engine: the Pulumi CLI, downloaded", () => {
  let folder: string;
  let release: Record<string, Answer>;
  const open: { close(): void }[] = [];
  before(async () => (release = releaseOf(await archiveOf(playedCli))));
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-release-"))));
  afterEach(() => {
    for (const server of open.splice(0)) server.close();
    fs.rmSync(folder, { recursive: true });
  });

  const play = async (answers: Record<string, Answer>, server?: http.Server): Promise<PlayedHost> => {
    const host = await playHost(answers, server);
    open.push(host);
    return host;
  };
  const said: string[] = [];
  const step = { making: (text: string) => void said.push(text), progress: () => undefined };
  /** On a machine that has neither a CLI nor Go. */
  const ensure = (url: string, env: NodeJS.ProcessEnv = {}, silence?: number) =>
    ensurePulumi({ PATH: path.join(folder, "nothing"), PGHA_PULUMI_URL: url, ...env }, layoutOf(folder), step, { silence, goFolders: [] });
  const left = () => {
    const own = layoutOf(folder).folder;
    return fs.existsSync(own) ? fs.readdirSync(own, { recursive: true }).sort() : [];
  };
  const fails = async (work: Promise<unknown>, message: RegExp, remedy: RegExp) => {
    await assert.rejects(work, (error: UserError) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, message);
      assert.match(error.remedy ?? "", remedy);
      return true;
    });
    assert.deepStrictEqual(left(), [], "nothing is left, and nothing is remembered");
  };

  it("comes from nothing to a CLI and a language host that run", async () => {
    const host = await play(release);
    const { folders, version } = await ensure(host.url);
    assert.deepStrictEqual([folders, version], [[layoutOf(folder).bin], pulumiVersion]);
    assert.deepStrictEqual(host.asked, [`/${sumsName}`, `/${archiveName}`]);
    assert.deepStrictEqual(left(), ["bin", "bin/pulumi", "bin/pulumi-language-nodejs"]);
    await ensure("http://127.0.0.1:9");
    assert.strictEqual(host.asked.length, 2, "what is there is not downloaded again");
  });

  it("brings the language host alone where somebody has a CLI without one", async () => {
    const host = await play(release);
    fs.mkdirSync(path.join(folder, "own"));
    fs.writeFileSync(path.join(folder, "own", "pulumi"), "#!/bin/sh\necho v3.260.0\n", { mode: 0o755 });
    const { folders, version } = await ensure(host.url, { PATH: path.join(folder, "own") });
    assert.deepStrictEqual([folders, version], [[path.join(folder, "own"), layoutOf(folder).bin], "3.260.0"]);
  });

  it("follows the host's redirects", async () => {
    const target = await play(release);
    const redirect = (name: string) => ({ [`/${name}`]: (_: unknown, response: http.ServerResponse) => response.writeHead(302, { location: `${target.url}/${name}` }).end() });
    const host = await play({ ...redirect(archiveName), ...redirect(sumsName) });
    assert.strictEqual((await ensure(`${host.url}/`)).version, pulumiVersion);
  });

  it("takes nothing out of an archive but programs of its one folder", async () => {
    const archive = await archiveOf({ ...playedCli, "../../escaped": "x", "deep/er": "x" });
    const host = await play(releaseOf(archive));
    await ensure(host.url);
    assert.deepStrictEqual(left(), ["bin", "bin/pulumi", "bin/pulumi-language-nodejs"]);
    assert.ok(!fs.existsSync(path.join(folder, "escaped")));
  });

  describe("says what stands in the way, and what helps", () => {
    it("no DNS", () => fails(ensure("http://nothing.invalid"), /not here, and cannot be downloaded: nothing\.invalid is out of reach: .*nothing\.invalid/, /network is up[^]*Go 1\.26/));

    it("a host that refuses", () => play({}).then(({ url, close }) => (close(), fails(ensure(url), /127\.0\.0\.1:\d+ is out of reach: connect ECONNREFUSED/, /network is up[^]*install Pulumi/))));

    it("a mirror without the release", async () => {
      const host = await play({ [`/${sumsName}`]: release[`/${sumsName}`] });
      await fails(ensure(host.url), /tar\.gz answered 404$/, /mirror has to hold it under this very name/);
      const empty = await play({});
      await fails(ensure(empty.url), /checksums\.txt answered 404$/, /mirror/);
    });

    it("too many requests, and a host that is ill", async () => {
      const host = await play({ [`/${sumsName}`]: (_, response) => response.writeHead(429, { "retry-after": "60" }).end() });
      await fails(ensure(host.url), /answered 429$/, /^try again in 60 s$/);
      const ill = await play({ [`/${sumsName}`]: (_, response) => response.writeHead(503).end() });
      await fails(ensure(ill.url), /answered 503$/, /^try again in some minutes$/);
    });

    it("a line that falls silent, before the answer and within it", async () => {
      const mute = await play({ [`/${sumsName}`]: () => undefined });
      await fails(ensure(mute.url, {}, 300), /is out of reach: .*Timeout/, /network is up/);
      const stuck = await play({ ...release, [`/${archiveName}`]: (_, response) => void response.writeHead(200, { "content-length": 1000 }).write("x") });
      await fails(ensure(stuck.url, {}, 300), /is out of reach: .*Timeout/, /network is up/);
    });

    it("a connection that breaks off", async () => {
      const host = await play({ ...release, [`/${archiveName}`]: (_, response) => void response.writeHead(200, { "content-length": 1000 }).write("x", () => response.destroy()) });
      await fails(ensure(host.url), /is out of reach: (other side closed|terminated)/, /network is up/);
    });

    it("an archive that was cut short or changed on its way", async () => {
      const whole = release[`/${archiveName}`] as Buffer;
      for (const wrong of [whole.subarray(0, 100), Buffer.from("<html>log in to the Wi-Fi</html>")]) {
        const host = await play({ ...release, [`/${archiveName}`]: wrong });
        await fails(ensure(host.url), /is not what was published: its SHA-256 is .*nothing was installed/, /changes what it hands on/);
      }
      const host = await play({ ...release, [`/${sumsName}`]: "<html>log in to the Wi-Fi</html>" });
      await fails(ensure(host.url), /has no checksum of pulumi-v/, /Pulumi's own file/);
    });

    it("a full disk", async function () {
      if (!fs.existsSync("/dev/full")) this.skip();
      const host = await play(release);
      const { folder: own } = layoutOf(folder);
      fs.mkdirSync(own);
      fs.symlinkSync("/dev/full", path.join(own, `${archiveName}.partial`));
      await fails(ensure(host.url), /cannot be written: ENOSPC/, /make room/);
    });

    it("an address that is none", () => fails(ensure("ftp://mirror"), /PGHA_PULUMI_URL is no address: "ftp:\/\/mirror"/, /leave it out/));
  });

  it("shows a bug as one, and not as a failure of the network", async () => {
    const broken = { making: () => undefined, progress: () => { throw new TypeError("a bug"); } };
    const host = await play(release);
    const env = { PATH: path.join(folder, "nothing"), PGHA_PULUMI_URL: host.url };
    await assert.rejects(ensurePulumi(env, layoutOf(folder), broken), (error: Error) => error instanceof TypeError && error.message === "a bug");
  });

  describe("behind a proxy", () => {
    /** A proxy that tunnels everything to one host, and knows no other. */
    const playProxy = async (target: PlayedHost, password?: string) => {
      const proxy = await play({});
      proxy.server.on("connect", (request: http.IncomingMessage, socket: net.Socket) => {
        proxy.asked.push(`CONNECT ${request.url}`);
        const wanted = password && `Basic ${Buffer.from(password).toString("base64")}`;
        if (wanted && request.headers["proxy-authorization"] !== wanted) return socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
        const way = net.connect(Number(new URL(target.url).port), "127.0.0.1", () => {
          socket.write("HTTP/1.1 200 OK\r\n\r\n");
          way.pipe(socket).pipe(way);
        });
        way.on("error", () => socket.destroy());
        socket.on("error", () => way.destroy());
      });
      return proxy;
    };

    it("goes through it, by either spelling, with its password", async () => {
      const proxy = await playProxy(await play(release), "me:p@ss");
      const address = proxy.url.replace("http://", "me:p%40ss@");
      for (const env of [{ HTTP_PROXY: `http://${address}` }, { http_proxy: address }]) {
        fs.rmSync(layoutOf(folder).folder, { recursive: true, force: true });
        assert.strictEqual((await ensure("http://mirror.invalid", env)).version, pulumiVersion);
      }
      assert.deepStrictEqual([...new Set(proxy.asked)], ["CONNECT mirror.invalid:80"]);
    });

    it("leaves it out where NO_PROXY says so", async () => {
      const host = await play(release);
      const proxy = await playProxy(host);
      await ensure(host.url, { HTTP_PROXY: proxy.url, NO_PROXY: "localhost,127.0.0.1" });
      assert.deepStrictEqual(proxy.asked, []);
    });

    it("says that it wants a password", async () => {
      const proxy = await playProxy(await play(release), "me:secret");
      await fails(ensure("http://mirror.invalid", { HTTP_PROXY: proxy.url }), /proxy wants a password for mirror\.invalid \(407\)/, /user:password@proxy/);
    });

    it("trusts the company's authority once it is told of it, straight and through the proxy", async () => {
      const authority = await issueCertificate({ unit: "company", days: 1 });
      const issuer = { authorityCertificate: authority.certificate, authorityKey: authority.key };
      const { certificate, key } = await issueCertificate({ unit: "mirror", days: 1, names: ["localhost"], ...issuer });
      const file = path.join(folder, "company.pem");
      fs.writeFileSync(file, authority.certificate);
      const host = await play(release, https.createServer({ cert: certificate, key }) as unknown as http.Server);
      const url = host.url.replace("http://127.0.0.1", "https://localhost");
      await fails(ensure(url), /certificate of localhost:\d+ is not trusted/, /NODE_EXTRA_CA_CERTS/);
      const proxy = await playProxy(host);
      for (const env of [{ NODE_EXTRA_CA_CERTS: file }, { SSL_CERT_FILE: file }, { NODE_EXTRA_CA_CERTS: file, HTTPS_PROXY: proxy.url }]) {
        fs.rmSync(layoutOf(folder).folder, { recursive: true, force: true });
        assert.strictEqual((await ensure(url, env)).version, pulumiVersion);
      }
      assert.ok(proxy.asked.length > 0);
    });

    it("shows no password of a mirror's address", async () => {
      const host = await play({ ...release, [`/${sumsName}`]: (request, response) => response.writeHead(request.headers.authorization ? 403 : 401).end() });
      await fails(ensure(host.url.replace("//", "//me:s3cret@")), /^http:\/\/127[^@]*answered 403$/, /can say why/);
    });
  });

  it("reads checksums as sha256sum writes them", () => {
    const [a, b] = ["a".repeat(64), "b".repeat(64)];
    assert.strictEqual(checksumOf(`${a}  x.tar.gz\n${b} *y.tar.gz\n`, "y.tar.gz"), b);
    assert.strictEqual(checksumOf(`${a}  x.tar.gz.sig\nabc  x.tar.gz\n`, "x.tar.gz"), undefined);
  });
});
