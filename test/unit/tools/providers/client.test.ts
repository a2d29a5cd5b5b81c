import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contextHost, daemonMessage } from "../../../../tools/providers/standInDocker/client";

describe("docker context", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "pgha-docker-config-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function addContext(name: string, Host: string) {
    const meta = join(folder, "contexts", "meta", createHash("sha256").update(name).digest("hex"));
    mkdirSync(meta, { recursive: true });
    writeFileSync(join(meta, "meta.json"), JSON.stringify({ Name: name, Endpoints: { docker: { Host } } }));
  }

  it("is the current one, or the one of DOCKER_CONTEXT", () => {
    addContext("rootless", "unix:///run/user/1000/docker.sock");
    addContext("far", "tcp://far:2376");
    const env = { DOCKER_CONFIG: folder };
    assert.equal(contextHost(env), undefined);
    writeFileSync(join(folder, "config.json"), JSON.stringify({ currentContext: "rootless" }));
    assert.equal(contextHost(env), "unix:///run/user/1000/docker.sock");
    assert.equal(contextHost({ ...env, DOCKER_CONTEXT: "far" }), "tcp://far:2376");
    assert.equal(contextHost({ ...env, DOCKER_CONTEXT: "default" }), undefined);
  });

  it("that does not exist is an error with a remedy", () => {
    assert.throws(() => contextHost({ DOCKER_CONFIG: folder, DOCKER_CONTEXT: "lost" }), /"lost" does not exist: run/);
  });
});

describe("daemon message", () => {
  it("is told without dockerode's status line", () => {
    assert.equal(daemonMessage(new Error("(HTTP code 500) server error - it broke - twice ")), "it broke - twice");
    assert.equal(daemonMessage(new Error("plain")), "plain");
  });
});
