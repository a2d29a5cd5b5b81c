import assert from "node:assert/strict";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { engineAddress } from "../../../../tools/providers/main";
import { diffResponse, providerHandlers, toStatus } from "../../../../tools/providers/protocol";
import { InitializationFailed } from "../../../../tools/providers/resource";
import type { Operation, Provider, Resource } from "../../../../tools/providers/resource";

const urn = "urn:pulumi:dev::pgha::pgha:docker:Node$fake:index:Thing::thing::odd";
const thing: Resource = {
  check: ({ name }) => ({ inputs: { name }, failures: ['"a" is wrong'] }),
  diff: () => ({ detailed: {}, deleteBeforeReplace: true }),
  plan: (_inputs, state) => ({ planned: true, known: state !== undefined }),
  create: async () => ({ id: "1", state: { made: true } }),
  read: async (id) => (id === "gone" ? undefined : { state: { made: true }, inputs: { name: "n" } }),
  update: async () => ({ updated: true }),
  delete: async () => {},
};
const provider: Provider = { name: "fake", version: "1.2.3", resources: { "fake:index:Thing": thing } };

let cancelled = false;
const operation = (): Operation => ({ signal: new AbortController().signal, progress: () => {} });
const handlers = providerHandlers(provider, operation, () => (cancelled = true)) as Record<
  string,
  (request: any) => Promise<any>
>;
const struct = (value: object) => Struct.fromJavaScript(value as {});

describe("provider protocol", () => {
  it("plans in a preview, acts otherwise", async () => {
    const create = (preview: boolean) => handlers.create(new rpc.CreateRequest().setUrn(urn).setPreview(preview));
    assert.deepEqual((await create(true)).getProperties().toJavaScript(), { planned: true, known: false });
    assert.equal((await create(true)).getId(), "");
    assert.deepEqual((await create(false)).getProperties().toJavaScript(), { made: true });
    const update = (preview: boolean) => handlers.update(new rpc.UpdateRequest().setUrn(urn).setPreview(preview));
    assert.deepEqual((await update(true)).getProperties().toJavaScript(), { planned: true, known: true });
    assert.deepEqual((await update(false)).getProperties().toJavaScript(), { updated: true });
  });

  it("asks the engine for plain values and previews", async () => {
    const response: rpc.ConfigureResponse = await handlers.configure(new rpc.ConfigureRequest());
    assert.deepEqual([response.getAcceptsecrets(), response.getSupportspreview()], [false, true]);
  });

  it("says who refuses, and gives the engine no value to print", async () => {
    const response: rpc.CheckResponse = await handlers.check(new rpc.CheckRequest().setUrn(urn));
    const [failure] = response.getFailuresList();
    assert.equal(failure.getProperty(), "");
    assert.equal(failure.getReason(), '"a" is wrong (pgha\'s stand-in for the fake plugin)');
    assert.deepEqual(response.getInputs()?.toJavaScript(), { name: "thing::odd" });
  });

  it("refuses types and provider settings that it does not know", async () => {
    const other = new rpc.CheckRequest().setUrn("urn:pulumi:dev::pgha::fake:index:Other::o");
    await assert.rejects(
      handlers.check(other),
      /fake:index:Other: not supported by pgha's stand-in for the fake plugin/,
    );
    const settings = new rpc.CheckRequest().setNews(struct({ version: "1.2.3", host: "x" }));
    const failures = (await handlers.checkConfig(settings)).getFailuresList();
    assert.equal(failures.length, 1);
    assert.match(failures[0].getReason(), /"host" is not supported/);
  });

  it("tells that an object is gone, and refuses to import", async () => {
    const request = (id: string) =>
      new rpc.ReadRequest()
        .setUrn(urn)
        .setId(id)
        .setInputs(struct({}))
        .setProperties(struct({ a: 1 }));
    assert.equal((await handlers.read(request("gone"))).getId(), "");
    assert.equal((await handlers.read(request("1"))).getId(), "1");
    await assert.rejects(handlers.read(new rpc.ReadRequest().setUrn(urn).setId("1")), /cannot import/);
  });

  it("names each replaced property, and deletes first only then", () => {
    const update = diffResponse({ detailed: { memory: "UPDATE" }, deleteBeforeReplace: true });
    assert.deepEqual([update.getReplacesList(), update.getDeletebeforereplace()], [[], false]);
    const detailed = { "envs[0]": "DELETE_REPLACE", "envs[1]": "ADD_REPLACE", "health.retries": "UPDATE" } as const;
    const replace = diffResponse({ detailed, deleteBeforeReplace: true });
    assert.deepEqual(replace.getReplacesList(), ["envs", "envs"]);
    assert.deepEqual(replace.getDiffsList(), ["envs", "health"]);
    assert.equal(replace.getDeletebeforereplace(), true);
    assert.equal(replace.getDetaileddiffMap().get("envs[1]")?.getKind(), rpc.PropertyDiff.Kind.ADD_REPLACE);
    assert.equal(
      diffResponse({ detailed: {}, deleteBeforeReplace: true }).getChanges(),
      rpc.DiffResponse.DiffChanges.DIFF_NONE,
    );
  });

  it("keeps in the state what was made and failed", () => {
    const status = toStatus(new InitializationFailed("1", { name: "n" }, "unhealthy"));
    const [packed] = status.metadata!.get("grpc-status-details-bin");
    const [detail] = Status.deserializeBinary(packed as Buffer).getDetailsList() as Any[];
    assert.equal(detail.getTypeName(), "pulumirpc.ErrorResourceInitFailed");
    const failed = rpc.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
    assert.equal(failed.getId(), "1");
    assert.deepEqual(failed.getReasonsList(), ["unhealthy"]);
    assert.deepEqual(failed.getProperties()?.toJavaScript(), { name: "n" });
    assert.equal(toStatus(new Error("no")).metadata, undefined);
  });

  it("cancels", async () => {
    await handlers.cancel({});
    assert.ok(cancelled);
  });

  it("finds the engine's address among the flags", () => {
    assert.equal(engineAddress(["--logtostderr", "-v=9", "--tracing", "http://trace", "127.0.0.1:1"]), "127.0.0.1:1");
    assert.equal(engineAddress([]), undefined);
  });
});
