import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { demandDockerHost } from "../../infra/dockerHost";
import type { UserError } from "../../tools/errors";

describe("plain pulumi, which knows no docker context", () => {
  let home: string;
  beforeEach(() => void (home = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-home-"))));
  afterEach(() => fs.rmSync(home, { recursive: true }));

  const write = (file: string, content: object) => {
    fs.mkdirSync(path.dirname(path.join(home, file)), { recursive: true });
    fs.writeFileSync(path.join(home, file), JSON.stringify(content));
  };
  const context = (name: string, Host: string) => {
    write(".docker/config.json", { currentContext: name });
    write(`.docker/contexts/meta/${createHash("sha256").update(name).digest("hex")}/meta.json`, { Endpoints: { docker: { Host } } });
  };

  it("is told the DOCKER_HOST of the chosen one", () => {
    context("colima", "unix:///home/me/.colima/default/docker.sock");
    assert.throws(
      () => demandDockerHost({ HOME: home }),
      ({ message, remedy }: UserError) => /by the docker context colima/.test(message) && /^export DOCKER_HOST=unix:\/\/\/home\/me\/\.colima\/default\/docker\.sock, or use npm run up$/.test(remedy!),
    );
    demandDockerHost({ HOME: home, DOCKER_HOST: "unix:///home/me/.colima/default/docker.sock" });
  });

  it("is told that of a socket that nobody chose, but not of the usual one", () => {
    demandDockerHost({ HOME: home });
    context("desktop-linux", "unix:///var/run/docker.sock");
    demandDockerHost({ HOME: home });
  });

  it("is refused an engine of another machine, whose ports nobody here could reach", () => {
    for (const DOCKER_HOST of ["tcp://10.0.0.7:2376", "ssh://me@build"])
      assert.throws(() => demandDockerHost({ HOME: home, DOCKER_HOST }), /Docker runs on another machine/);
    context("remote", "ssh://me@build");
    assert.throws(() => demandDockerHost({ HOME: home }), /Docker runs on another machine \(ssh:\/\/me@build, by the docker context remote\)/);
  });
});
