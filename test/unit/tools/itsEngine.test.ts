import * as assert from "node:assert";
import { absenceOf, describeAbsence, missingData } from "../../../tools/engine/itsEngine";

const here = { id: "B", name: "laptop", host: "unix:///x" };
const volume = (name: string) => ({ urn: `urn:${name}`, type: "docker:index/volume:Volume", id: name });
const noted = (id: string, name = id === "B" ? "laptop" : "desk") => ({ urn: "urn:engine", type: "pulumi-nodejs:dynamic/pgha:DockerEngine", outputs: { engine: { id, name } } });
const wasUp = { urn: "urn:stack", type: "pulumi:pulumi:Stack", outputs: { writeUrl: "a secret" } };
const data = [volume("x-postgres-1-data"), volume("x-postgres-2-data"), volume("x-etcd-1-data")];
const look = (resources: object[], ...volumes: string[]) => absenceOf({ deployment: { resources: resources as never } }, volumes, here);

describe("the Docker engine that a state belongs to", () => {
  it("has the data where one server's volume is there, whatever its id says: it may have been installed anew around it", () => {
    assert.strictEqual(look([noted("A"), ...data], "x-postgres-2-data"), undefined);
  });

  it("is missing another way for each reason: the engine is another one, its volumes are gone, or nobody noted it", () => {
    assert.strictEqual(look([noted("A"), ...data], "x-etcd-1-data")?.why, "elsewhere");
    assert.strictEqual(look([noted("B"), ...data], "x-etcd-1-data")?.why, "lost");
    assert.strictEqual(look(data)?.why, "unknown");
    assert.strictEqual(look([noted(""), ...data])?.why, "unknown", "Podman has no id");
    assert.strictEqual(look([noted("B", "desk"), ...data])?.why, "unknown", "machines made from one image have one id");
  });

  it("is missed after `down`, too, which leaves no volume in the state", () => {
    assert.strictEqual(look([noted("A"), wasUp])?.why, "elsewhere");
    assert.strictEqual(look([noted("B"), wasUp])?.why, "lost");
    assert.strictEqual(look([noted("B"), wasUp], "x-postgres-1-data"), undefined);
  });

  it("is not missed by a cluster that never came up", () => {
    assert.strictEqual(look([]), undefined);
    assert.strictEqual(look([noted("A"), volume("x-etcd-1-data")]), undefined);
  });

  it("is asked for in a sentence with both ways out, and only with those that there are", () => {
    const elsewhere = look([noted("A"), ...data])!;
    assert.match(describeAbsence(elsewhere, "x"), /^x runs on the Docker engine of desk \(A\); .* laptop \(unix:\/\/\/x\) is another one \(B\), or was reset$/);
    const up = missingData(elsewhere, "x", "trial", "up");
    assert.match(up.message, /^nothing was touched: x runs on/);
    assert.match(up.remedy!, /DOCKER_HOST[^]*docker context use[^]*\n.*empty cluster.*npm run up -- --empty --stack trial$/);
    assert.match(missingData(elsewhere, "x", "dev", "down").remedy!, /\n.*npm run down -- --data --lost-engine$/);
    assert.doesNotMatch(missingData(look([noted("B"), ...data])!, "x", "dev", "up").remedy!, /DOCKER_HOST/);
  });
});
