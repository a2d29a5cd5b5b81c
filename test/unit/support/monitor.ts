import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import { ClusterConfig, parseConfig } from "../../../infra/config";
import { createStack } from "../../../infra/stack";

/** What the engine was asked to register; `inputs` as sent, with the marks of secrets in place. */
export interface Registered {
  type: string;
  name: string;
  parent: string;
  dependencies: string[];
  protect: boolean;
  retainOnDelete: boolean;
  deleteBeforeReplace: boolean;
  replaceOnChanges: string[];
  ignoreChanges: string[];
  secretOutputs: string[];
  inputs: Record<string, any>;
}

const SECRET = "1b47061264138c4ac30d75fd1eb44270";
export const MACHINE = { memory: 24 * 2 ** 30, cores: 2 };

export function isSecret(value: any): boolean {
  return value?.["4dabf18193072939515e22adb298388d"] === SECRET;
}

/** Declares the stack of a configuration against a mocked engine that sees everything a real one would. */
export async function declareStack(raw: unknown = {}, stack = "test", declare: (config: ClusterConfig) => unknown = createStack, resources: Registered[] = []): Promise<{ resources: Registered[]; outputs: any }> {
  const original = MockMonitor.prototype.registerResource;
  MockMonitor.prototype.registerResource = function (this: MockMonitor, request: any, callback: any) {
    // The stack itself is no parent that a person would name
    const short = (urn: string) => (urn.includes("::pulumi:pulumi:Stack::") ? "" : (urn.split("::").pop() ?? ""));
    if (request.getType() !== "pulumi:pulumi:Stack") resources.push({
      type: request.getType(),
      name: request.getName(),
      parent: short(request.getParent()),
      dependencies: request.getDependenciesList().map(short),
      protect: Boolean(request.getProtect()),
      retainOnDelete: Boolean(request.getRetainondelete()),
      deleteBeforeReplace: Boolean(request.getDeletebeforereplace()),
      replaceOnChanges: request.getReplaceonchangesList(),
      ignoreChanges: request.getIgnorechangesList(),
      secretOutputs: request.getAdditionalsecretoutputsList(),
      inputs: request.getObject()?.toJavaScript() ?? {},
    });
    return original.call(this, request, callback);
  };
  // Pulumi takes the stack of each promise, and tsx reads the source map of each: half of the time
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    await pulumi.runtime.setMocks(mocks, "pgha", stack, true);
    let outputs: any;
    await pulumi.runtime.runInPulumiStack(async () => void (outputs = declare(parseConfig(raw, stack, MACHINE))));
    await pulumi.runtime.disconnect();
    return { resources, outputs };
  } finally {
    MockMonitor.prototype.registerResource = original;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Values that look like what they are, so that a test can search for one that must not be in plain. */
const mocks: pulumi.runtime.Mocks = {
  newResource({ type, name, inputs }) {
    const { __provider, ...plain } = inputs;
    const made: Record<string, object> = {
      "random:index/randomPassword:RandomPassword": { result: pulumi.secret(`PLAIN-${name}`) },
      "random:index/randomId:RandomId": { hex: "00112233445566aa" },
      "docker:index/image:Image": { repoDigest: `sha256:${name}` },
      "pulumi-nodejs:dynamic/pgha:CertificateAuthority": { key: pulumi.secret("PLAIN-ca-key"), certificate: "CA-CERTIFICATE" },
      "pulumi-nodejs:dynamic/pgha:Certificate": { key: pulumi.secret(`PLAIN-${name}-key`), certificate: `CERTIFICATE-${name}` },
    };
    const atAws = type.startsWith("aws:") ? { arn: `arn:${name}`, name: `${name}-name`, bucket: `${name}-bucket`, dnsName: `${name}.example.com`, zoneId: "Z0", prefixListId: "pl-0" } : {};
    return { id: `${name}-id`, state: { ...atAws, ...plain, ...made[type] } };
  },
  call: ({ inputs }) => inputs,
};
