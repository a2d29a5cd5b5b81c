import * as assert from "node:assert";
import * as fs from "node:fs";
import * as http from "node:http";
import * as os from "node:os";
import * as path from "node:path";
import { ensureBaseImage } from "../../../tools/engine/baseImage";
import { connectDocker } from "../../../tools/engine/docker";
import { layoutOf } from "../../../tools/engine/layout";
import { credentialsFor, registryOf } from "../../../tools/engine/registry";
import { UserError } from "../../../tools/errors";

const image = "debian:forky-slim";

describe("tools/engine: the base image, pulled", () => {
  let folder: string;
  const servers: http.Server[] = [];
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-image-"))));
  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
    fs.rmSync(folder, { recursive: true });
  });

  const write = (name: string, text: string, mode?: number) => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text, { mode });
  };
  const asked: http.IncomingMessage[] = [];
  /** A Docker engine whose pull ends as given: with an error of the API, within the stream, never, or well. */
  const play = async (pull: (response: http.ServerResponse) => void) => {
    let has = false;
    asked.splice(0);
    const server = http.createServer((request, response) => {
      asked.push(request);
      const url = request.url ?? "";
      if (url.startsWith("/images/create")) {
        has = true;
        if (url.includes("fromSrc")) request.resume().on("end", () => response.end('{"status":"sha256:1"}'));
        else pull(response);
      } else if (has) response.end(JSON.stringify({ Id: "sha256:0123456789abcdef", Comment: "" }));
      else response.writeHead(404).end('{"message":"no such image"}');
    });
    const socket = path.join(folder, `${servers.push(server)}.sock`);
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    return connectDocker(`unix://${socket}`);
  };
  const refused = (message: string) => (response: http.ServerResponse) => void response.writeHead(500, { "content-type": "application/json" }).end(JSON.stringify({ message }));
  const said: string[] = [];
  const step = { making: (text: string) => void said.push(text), progress: () => undefined };
  const ensure = async (pull: (response: http.ServerResponse) => void, env: NodeJS.ProcessEnv = {}, name = image) =>
    ensureBaseImage({ docker: await play(pull), image: name, env: { HOME: folder, PATH: path.join(folder, "bin"), ...env }, layout: layoutOf(folder), step, install: false, silence: 2 });
  const fails = (work: Promise<unknown>, message: RegExp, remedy: RegExp) =>
    assert.rejects(work, (error: UserError) => error instanceof UserError && message.test(error.message) && remedy.test(error.remedy ?? ""));

  it("is known by its id once it is there", async () => {
    assert.strictEqual(await ensure((response) => void response.end('{"status":"Pulling"}\n')), `${image} 0123456789ab`);
  });

  it("says why it cannot be pulled, and what helps; only a silent network lets another way be tried", async () => {
    await fails(ensure(refused("toomanyrequests: You have reached your unauthenticated pull rate limit.")), /cannot be pulled: toomanyrequests/, /docker login/);
    await fails(ensure((response) => void response.end('{"error":"no space left on device"}\n')), /no space left/, /make room/);
    await fails(ensure(refused("pull access denied for x"), {}, "corp.example/x:1"), /access denied/, /docker login, or correct pgha:cluster\.images\.base/);
    await fails(ensure(refused("tls: failed to verify certificate: x509: unknown authority")), /x509/, /authority to Docker/);
    await fails(ensure(refused("dial tcp: lookup registry-1.docker.io: no such host")), /cannot be pulled \(.*no such host\), and there is no mmdebstrap/, /Docker's own settings[^]*docker save/);
    await fails(ensure(() => undefined), /cannot be pulled \(no answer from the registry for 2 s\)/, /docker save/);
    await fails(ensure(refused("no such host"), {}, "alpine:3"), /alpine:3 cannot be pulled \(no such host\)/, /images\.base/);
  });

  it("is made by mmdebstrap where nobody answers, with the reason", async () => {
    const calls = path.join(folder, "calls");
    write("bin/mmdebstrap", `#!/bin/sh\necho "$*" >> ${calls}\nfor last; do :; done\necho x > "$last"\n`, 0o755);
    const before = process.env.PATH;
    process.env.PATH = `${path.join(folder, "bin")}:${before}`;
    try {
      assert.match(await ensure(refused("no such host"), { PATH: process.env.PATH }), /^debian:forky-slim/);
    } finally {
      process.env.PATH = before;
    }
    assert.match(fs.readFileSync(calls, "utf8"), /--variant=apt forky .*forky\.tar/);
    assert.match(said.join(), /cannot be pulled \(no such host\): making it from Debian's packages/);
    assert.deepStrictEqual(fs.readdirSync(layoutOf(folder).folder), [], "nothing is remembered");
  });

  it("is pulled with what docker login has noted, in its file or by a helper", async () => {
    assert.strictEqual(registryOf(image), "https://index.docker.io/v1/");
    assert.strictEqual(registryOf("mirror:5000/debian:x"), "mirror:5000");
    const auth = Buffer.from("me:a:b").toString("base64");
    write(".docker/config.json", JSON.stringify({ auths: { "https://index.docker.io/v1/": { auth } } }));
    await ensure((response) => void response.end());
    const sent = asked.find(({ url }) => url?.startsWith("/images/create"))?.headers["x-registry-auth"] as string;
    const { username, password } = JSON.parse(Buffer.from(sent, "base64").toString("utf8"));
    assert.deepStrictEqual([username, password], ["me", "a:b"]);

    write("bin/docker-credential-played", '#!/bin/sh\nread server\necho "{\\"Username\\":\\"u\\",\\"Secret\\":\\"$server\\"}"\n', 0o755);
    write(".docker/config.json", JSON.stringify({ credsStore: "played" }));
    const env = { HOME: folder, PATH: `${path.join(folder, "bin")}:/bin:/usr/bin` };
    const before = process.env.PATH;
    process.env.PATH = env.PATH;
    try {
      assert.deepStrictEqual(credentialsFor("corp.example/x", env), { username: "u", password: "corp.example", serveraddress: "corp.example" });
      assert.strictEqual(credentialsFor("corp.example/x", { ...env, DOCKER_CONFIG: "/nothing" }), undefined);
    } finally {
      process.env.PATH = before;
    }
  });
});
