import * as grpc from "@grpc/grpc-js";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { InitializationFailed } from "./resource";
import type { Diff, Operation, Properties, Provider, Resource } from "./resource";

export type Handler = (request: any) => Promise<unknown>;

/** One handler per method of the engine's provider protocol. */
export function providerHandlers(
  provider: Provider,
  operation: (urn: string) => Operation,
  cancel: () => void,
): Record<string, Handler> {
  const resourceOf = (urn: string): Resource => {
    const type = typeOf(urn);
    const resource = provider.resources[type] ?? provider.others;
    if (!resource) throw new Error(`${type}: not supported by ${describe(provider)}. ${remedy}`);
    return resource;
  };

  return {
    cancel: async () => (cancel(), new Empty()),
    attach: async () => new Empty(),
    getPluginInfo: async () => new PluginInfo().setVersion(provider.version),
    getSchema: async () => new rpc.GetSchemaResponse().setSchema("{}"),
    diffConfig: async () => new rpc.DiffResponse().setChanges(rpc.DiffResponse.DiffChanges.DIFF_NONE),
    // Without acceptSecrets, as official plugins: the engine takes secret marks off, and puts them back on the outputs.
    configure: async () => new rpc.ConfigureResponse().setSupportspreview(true),

    checkConfig: async (request: rpc.CheckRequest) => {
      const news = fromStruct(request.getNews());
      const failures = Object.keys(news)
        .filter((key) => !["version", "pluginDownloadURL", "__internal", ...(provider.settings ?? [])].includes(key))
        .map((key) => `provider setting "${key}" is not supported by ${describe(provider)}. ${remedy}`);
      return checkResponse(news, failures);
    },

    check: async (request: rpc.CheckRequest) => {
      const { inputs, failures } = await resourceOf(request.getUrn()).check({
        name: request.getName() || nameOf(request.getUrn()),
        olds: fromStruct(request.getOlds()),
        news: fromStruct(request.getNews()),
        randomSeed: request.getRandomseed_asU8(),
      });
      return checkResponse(
        inputs,
        failures.map((reason) => `${reason} (${describe(provider)})`),
      );
    },

    diff: async (request: rpc.DiffRequest) =>
      diffResponse(
        resourceOf(request.getUrn()).diff({
          state: fromStruct(request.getOlds()),
          oldInputs: fromStruct(request.getOldInputs()),
          news: withoutIgnored(request),
        }),
      ),

    create: async (request: rpc.CreateRequest) => {
      const resource = resourceOf(request.getUrn());
      const inputs = fromStruct(request.getProperties());
      if (request.getPreview()) return new rpc.CreateResponse().setProperties(toStruct(resource.plan(inputs)));
      const { id, state } = await resource.create(inputs, operation(request.getUrn()));
      return new rpc.CreateResponse().setId(id).setProperties(toStruct(state));
    },

    read: async (request: rpc.ReadRequest) => {
      const state = fromStruct(request.getProperties());
      if (!request.getInputs() || Object.keys(state).length === 0) {
        throw new Error(`${describe(provider)} cannot import or look up existing objects. ${remedy}`);
      }
      const inputs = fromStruct(request.getInputs());
      const found = await resourceOf(request.getUrn()).read(request.getId(), state, inputs);
      if (!found) return new rpc.ReadResponse();
      return new rpc.ReadResponse()
        .setId(request.getId())
        .setProperties(toStruct(found.state))
        .setInputs(toStruct(found.inputs));
    },

    update: async (request: rpc.UpdateRequest) => {
      const resource = resourceOf(request.getUrn());
      const state = fromStruct(request.getOlds());
      const inputs = fromStruct(request.getNews());
      const updated = request.getPreview()
        ? resource.plan(inputs, state)
        : await resource.update(request.getId(), state, inputs, operation(request.getUrn()));
      return new rpc.UpdateResponse().setProperties(toStruct(updated));
    },

    delete: async (request: rpc.DeleteRequest) => {
      const state = fromStruct(request.getProperties());
      await resourceOf(request.getUrn()).delete(request.getId(), state, operation(request.getUrn()));
      return new Empty();
    },
  };
}

const remedy = "Use the official plugin (`pulumi plugin install`) or leave it out.";
const describe = (provider: Provider) => `pgha's stand-in for the ${provider.name} plugin`;
const typeOf = (urn: string) => urn.split("::")[2].split("$").pop()!;
const nameOf = (urn: string) => urn.split("::").slice(3).join("::");
const fromStruct = (struct?: Struct) => (struct?.toJavaScript() ?? {}) as Properties;
const toStruct = (properties: Properties) => Struct.fromJavaScript(properties as {});

/** ignoreChanges of whole properties; the engine itself handles them in inputs, older ones only here. */
function withoutIgnored(request: rpc.DiffRequest): Properties {
  const news = fromStruct(request.getNews());
  const oldInputs = fromStruct(request.getOldInputs());
  for (const key of request.getIgnorechangesList()) if (key in oldInputs) news[key] = oldInputs[key];
  return news;
}

/** The reasons name the property; told it apart, the engine would print its value, secret or not. */
function checkResponse(inputs: Properties, failures: string[]): rpc.CheckResponse {
  const list = failures.map((reason) => new rpc.CheckFailure().setReason(reason));
  return new rpc.CheckResponse().setInputs(toStruct(inputs)).setFailuresList(list);
}

/** Exported for the tests: the engine's form of a diff. */
export function diffResponse({ detailed, deleteBeforeReplace }: Diff): rpc.DiffResponse {
  const paths = Object.keys(detailed);
  const property = (path: string) => path.split(/[.[]/)[0];
  const replaces = paths.filter((path) => detailed[path].endsWith("_REPLACE")).map(property);
  const { DIFF_SOME, DIFF_NONE } = rpc.DiffResponse.DiffChanges;
  const response = new rpc.DiffResponse()
    .setChanges(paths.length > 0 ? DIFF_SOME : DIFF_NONE)
    .setDiffsList([...new Set(paths.map(property))])
    .setReplacesList(replaces)
    .setDeletebeforereplace(deleteBeforeReplace && replaces.length > 0)
    .setHasdetaileddiff(true);
  for (const path of paths) {
    response.getDetaileddiffMap().set(path, new rpc.PropertyDiff().setKind(rpc.PropertyDiff.Kind[detailed[path]]));
  }
  return response;
}

/** A failed initialization travels in the error's details, where the engine looks for what exists nevertheless. */
export function toStatus(error: unknown): Partial<grpc.StatusObject> {
  const message = error instanceof Error ? error.message : String(error);
  const status = { code: grpc.status.UNKNOWN, details: message };
  if (!(error instanceof InitializationFailed)) return status;
  const failed = new rpc.ErrorResourceInitFailed()
    .setId(error.id)
    .setProperties(toStruct(error.state))
    .setReasonsList([message]);
  const detail = new Any();
  detail.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const details = new Status().setCode(status.code).setMessage(message).setDetailsList([detail]);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(details.serializeBinary()));
  return { ...status, metadata };
}
