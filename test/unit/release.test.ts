import assert from "node:assert/strict";
import { notMeant, Step, withoutPlaces, withPlaces } from "../e2e/support/release";

const step = (op: string, type: string, name: string, ...changed: string[]): Step => ({ op, urn: `urn:pulumi:release::pgha::${type}::${name}`, detailedDiff: Object.fromEntries(changed.map((key) => [key, {}])) });
const container = "pgha:docker:Cluster$docker:index/container:Container";

describe("what an update of the repository is judged by", () => {
  it("lets containers roll into which something else goes, and what stays or changes in place", () => {
    assert.deepEqual(notMeant([step("replace", container, "x-postgres-1", "image", "labels"), step("delete-replaced", container, "x-postgres-1", "image", "labels"), step("same", "random:index/randomId:RandomId", "x-id"), step("update", "docker:index/image:Image", "x-image", "build")]), []);
  });

  it("is on any machine, and has no certificate that is to be renewed", () => {
    const places = { "{images}": "../../home/me/images", "{project}": "/tmp/x" };
    const made = JSON.stringify({ deployment: { resources: [{ sourcePosition: "project:///../home/me/infra/index.ts#1,2", outputs: { engine: { id: "A", name: "laptop" }, notAfter: "2027-01-01" } }, { inputs: { context: "../../home/me/images", file: "/tmp/x/ca.crt" } }] } });
    const kept = withoutPlaces(made, places);
    assert.doesNotMatch(kept, /laptop|home|tmp|2027/);
    assert.deepEqual(JSON.parse(withPlaces(kept, { ...places, "{project}": "/tmp/y" })).deployment.resources[1].inputs, { context: "../../home/me/images", file: "/tmp/y/ca.crt" });
  });

  it("names what is made again, beside or away: data, secrets, and containers whose hash alone is another", () => {
    for (const bad of [
      step("replace", "docker:index/volume:Volume", "x-postgres-1-data", "name"),
      step("delete", "random:index/randomPassword:RandomPassword", "x-postgres-password"),
      step("create", "pulumi-nodejs:dynamic/pgha:CertificateAuthority", "x-authority"),
      step("create", container, "x-postgres-1"),
      step("replace", container, "x-postgres-1", "labels[3].value"),
    ])
      assert.equal(notMeant([bad]).length, 1, bad.urn);
  });
});
