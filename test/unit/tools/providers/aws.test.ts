import assert from "node:assert/strict";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { dependencies } from "../../../../package.json";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { providerHandlers } from "../../../../tools/providers/protocol";
import { UNKNOWN } from "../../../../tools/providers/resource";
import type { Operation } from "../../../../tools/providers/resource";
import { standInAws } from "../../../../tools/providers/standInAws";

const urn = "urn:pulumi:prod::pgha::aws:ec2/instance:Instance::pgha-prod-postgres-1";
const operation = (): Operation => ({ signal: new AbortController().signal, progress: () => {} });
const handlers = providerHandlers(standInAws, operation, () => {}) as Record<string, (request: any) => Promise<any>>;
const struct = (value: object) => Struct.fromJavaScript(value as {});

describe("stand-in for the aws plugin", () => {
  it("has the version of the SDK that the stack uses", () =>
    assert.equal(standInAws.version, dependencies["@pulumi/aws"]));

  it("plans any resource from what is given, unknown values included", async () => {
    const inputs = { ami: "ami-1", subnetId: UNKNOWN };
    const checked = await handlers.check(new rpc.CheckRequest().setUrn(urn).setNews(struct(inputs)));
    assert.deepEqual(checked.getInputs().toJavaScript(), inputs);
    const planned = await handlers.create(new rpc.CreateRequest().setUrn(urn).setPreview(true).setProperties(struct(inputs)));
    assert.deepEqual(planned.getProperties().toJavaScript(), inputs);
  });

  it("shows what changes of what was deployed", async () => {
    const diff = async (before: object, after: object) => {
      const request = new rpc.DiffRequest().setUrn(urn).setOlds(struct({ id: "i-1" })).setOldInputs(struct(before)).setNews(struct(after));
      const changes: [string, number][] = [];
      (await handlers.diff(request)).getDetaileddiffMap().forEach((change: rpc.PropertyDiff, key: string) => changes.push([key, change.getKind()]));
      return changes.sort();
    };
    const { ADD, DELETE, UPDATE } = rpc.PropertyDiff.Kind;
    assert.deepEqual(await diff({ ami: "a", tags: { x: "1" } }, { ami: "a", tags: { x: "1" } }), []);
    assert.deepEqual(await diff({ tags: "a", gone: 1 }, { tags: "b", come: 1 }), [["tags", UPDATE], ["gone", DELETE], ["come", ADD]].sort());
  });

  it("tells what replaces a machine from what only stops it", async () => {
    const replaces = async (before: object, after: object) =>
      (await handlers.diff(new rpc.DiffRequest().setUrn(urn).setOlds(struct({ id: "i-1" })).setOldInputs(struct(before)).setNews(struct(after)))).getReplacesList();
    for (const property of ["ami", "userData", "subnetId", "privateIp"]) assert.deepEqual(await replaces({ [property]: "a" }, { [property]: "b" }), [property]);
    assert.deepEqual(await replaces({ instanceType: "r7g.xlarge" }, { instanceType: "r7g.2xlarge" }), []);
  });

  it("refuses to create, change, read and delete, and says what it takes", async () => {
    const remedy = /this plugin previews only\. Install the official one.*pulumi plugin install resource aws v7/;
    await assert.rejects(handlers.create(new rpc.CreateRequest().setUrn(urn).setProperties(struct({}))), remedy);
    await assert.rejects(handlers.update(new rpc.UpdateRequest().setUrn(urn).setId("i-1").setOlds(struct({})).setNews(struct({}))), remedy);
    await assert.rejects(handlers.delete(new rpc.DeleteRequest().setUrn(urn).setId("i-1").setProperties(struct({}))), remedy);
    await assert.rejects(handlers.read(new rpc.ReadRequest().setUrn(urn).setId("i-1").setInputs(struct({})).setProperties(struct({ a: 1 }))), remedy);
  });

  it("takes the settings that the stack gives its provider, and no others", async () => {
    const check = async (settings: object) => (await handlers.checkConfig(new rpc.CheckRequest().setNews(struct(settings)))).getFailuresList().length;
    assert.equal(await check({ region: "us-east-1", defaultTags: "{}", version: "7.48.0" }), 0);
    assert.equal(await check({ accessKey: "AKIA" }), 1);
  });
});
