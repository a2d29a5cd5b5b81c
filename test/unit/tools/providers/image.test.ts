import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extract } from "tar-stream";
import { buildContext, contextArchive, contextDigest } from "../../../../tools/providers/standInDocker/buildContext";
import { image } from "../../../../tools/providers/standInDocker/image";
import type { CheckResult, Properties } from "../../../../tools/providers/resource";

describe("stand-in image", () => {
  let folder: string;
  const write = (path: string, text: string) => writeFileSync(join(folder, path), text);
  const digest = () => contextDigest(buildContext(folder));
  const check = async (news: Properties) =>
    (await image.check({ name: "i", olds: {}, news, randomSeed: new Uint8Array() })) as CheckResult;
  const wanted = (build: Properties = {}): Properties => ({
    imageName: "i:1",
    skipPush: true,
    buildOnPreview: false,
    build: { context: folder, ...build },
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pgha-context-"));
    mkdirSync(join(folder, "conf"));
    write("Dockerfile", "FROM scratch\n");
    write("conf/a", "1");
    write("junk.log", "1");
    write(".dockerignore", "*.log\nDockerfile\n");
    symlinkSync("conf/a", join(folder, "link"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("has a digest that changes with content, names and the choice of Dockerfile", () => {
    const before = digest();
    assert.equal(digest(), before);
    write("conf/a", "2");
    const changed = digest();
    assert.notEqual(changed, before);
    write("conf/b", "");
    assert.notEqual(digest(), changed);
    write("Dockerfile.b", "FROM scratch\n");
    assert.notEqual(digest(), contextDigest(buildContext(folder, join(folder, "Dockerfile.b"))));
  });

  it("has the digest that the official provider has for the same files", () => {
    rmSync(join(folder, ".dockerignore"));
    rmSync(join(folder, "junk.log"));
    write("run", "#!/bin/sh\n");
    for (const [path, mode] of [["Dockerfile", 0o644], ["conf/a", 0o600], ["run", 0o4755]] as const)
      chmodSync(join(folder, path), mode);
    // Computed apart from this code, by the recipe that gave the official provider's own digest of images/
    assert.equal(digest(), "f5edf01db6aa49c01c7ee2dd9a0b5de7202595226bbb6f718e989cc7360f5e08");
  });

  it("leaves out what .dockerignore names, but never the Dockerfile", async () => {
    const before = digest();
    write("junk.log", "2");
    assert.equal(digest(), before);
    write("Dockerfile", "FROM other\n");
    assert.notEqual(digest(), before);

    const names: string[] = [];
    const reader = extract();
    reader.on("entry", ({ name }, stream, next) => {
      names.push(name);
      stream.resume();
      stream.on("end", next);
    });
    await new Promise((done) =>
      contextArchive(buildContext(folder))
        .pipe(reader)
        .on("finish", done as () => void),
    );
    assert.deepEqual(names, [".dockerignore", "Dockerfile", "conf", "conf/a", "link"]);
  });

  it("gets its defaults and the digest from Check", async () => {
    const { inputs, failures } = await check(wanted());
    assert.deepEqual(failures, []);
    assert.deepEqual(inputs, {
      ...wanted({ dockerfile: join(folder, "Dockerfile"), contextDigest: digest() }),
    });
  });

  const refused: [string, () => Properties, RegExp][] = [
    ["to push", () => ({ ...wanted(), skipPush: false }), /"skipPush" must be true/],
    ["to build in a preview", () => ({ ...wanted(), buildOnPreview: true }), /"buildOnPreview" must be false/],
    ["BuildKit", () => wanted({ builderVersion: "BuilderBuildKit" }), /"build.builderVersion" must be "BuilderV1"/],
    ["a cache", () => wanted({ cacheFrom: { images: ["x"] } }), /"build.cacheFrom" is not supported/],
    ["a missing context", () => wanted({ context: "/nowhere" }), /build context \/nowhere does not exist/],
    [
      "a missing Dockerfile",
      () => wanted({ dockerfile: "/nowhere/Dockerfile" }),
      /\/nowhere\/Dockerfile does not exist/,
    ],
    [
      "a Dockerfile elsewhere",
      () => wanted({ context: join(folder, "conf"), dockerfile: join(folder, "Dockerfile") }),
      /must lie inside/,
    ],
  ];
  for (const [what, news, message] of refused) {
    it(`refuses ${what}`, async () => {
      const { failures } = await check(news());
      assert.equal(failures.length, 1);
      assert.match(failures[0], message);
    });
  }

  it("is rebuilt in place, and replaced only for another name", () => {
    const olds = wanted({ contextDigest: "1" });
    const diff = (news: Properties) => image.diff({ state: {}, oldInputs: olds, news }).detailed;
    assert.deepEqual(diff(wanted({ contextDigest: "1" })), {});
    assert.deepEqual(diff(wanted({ contextDigest: "2" })), { build: "UPDATE" });
    assert.deepEqual(diff({ ...olds, imageName: "i:2" }), { imageName: "UPDATE_REPLACE" });
  });

  it("does not promise a digest in a preview", () => assert.ok(!("repoDigest" in image.plan(wanted()))));
});
