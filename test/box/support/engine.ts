import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { parseConfig } from "../../../infra/config";
import { planCluster } from "../../../infra/plan";
import type { ClusterSpec } from "../../../infra/cluster/spec";
import { createStack } from "../../../infra/stack";
import { providerOf } from "../../unit/support/dynamicProvider";
import { isSecret, MACHINE } from "../../unit/support/monitor";
import { Machines } from "./machines";

interface State {
  id: string;
  inputs: Record<string, any>;
  outs: Record<string, any>;
}

type Made = Omit<State, "inputs">;
type Make = (name: string, inputs: Record<string, any>, old?: State) => Promise<Made> | Made;

/**
 * Plays Pulumi's engine: runs the program of prod as it is, and makes what it declares, in the order in which it does: machines as
 * containers, parameters and objects at moto. The program's own providers are the real ones.
 */
export class PlayedEngine implements pulumi.runtime.Mocks {
  private readonly state = new Map<string, State>();
  private failure?: Error;
  private fail!: (error: Error) => void;
  private spec!: ClusterSpec;
  private secrets: string[] = [];
  /** What the last `up` has made or changed, with the seconds since it began. */
  changes: { name: string; type: string; at: number }[] = [];
  private began = 0;
  private readonly running = new Set<Promise<unknown>>();

  constructor(private readonly machines: Machines, private readonly log: (line: string) => void) {}

  /** Throws what failed first; nothing that depends on it was done. */
  async up(raw: object): Promise<Record<string, any>> {
    const config = parseConfig(raw, "box", MACHINE);
    [this.spec, this.failure, this.changes, this.began] = [planCluster(config), undefined, [], Date.now()];
    // What waits for something that failed waits for ever
    const failed = new Promise<never>((_resolve, reject) => (this.fail = reject));
    await pulumi.runtime.setMocks(this, "pgha", "box", false);
    let outputs: ReturnType<typeof createStack>;
    try {
      await Promise.race([pulumi.runtime.runInPulumiStack(async () => void (outputs = createStack(config))), failed]);
      await Promise.race([pulumi.runtime.disconnect(), failed]);
    } catch (error) {
      // What was begun ends, and begins nothing more, before the next one
      while (this.running.size) await new Promise((resolve) => setTimeout(resolve, 300));
      throw error;
    }
    return new Promise((resolve) => pulumi.output(outputs!).apply(resolve));
  }

  /** Every generated password and key. */
  get secretValues(): string[] {
    return this.secrets;
  }

  /** Inputs of the resources of a type, by name. */
  declared(type: string): Record<string, Record<string, any>> {
    const found = [...this.state].filter(([key]) => key.startsWith(`${type} `));
    return Object.fromEntries(found.map(([key, { inputs }]) => [key.split(" ")[1], inputs]));
  }

  newResource(args: pulumi.runtime.MockResourceArgs): Promise<{ id: string; state: Record<string, any> }> {
    const made = this.make(args);
    this.running.add(made);
    const ended = () => void this.running.delete(made);
    made.then(ended, ended);
    return made;
  }

  private async make({ type, name, inputs, custom }: pulumi.runtime.MockResourceArgs): Promise<{ id: string; state: Record<string, any> }> {
    if (!custom) return { id: "", state: inputs };
    if (this.failure) throw this.failure;
    try {
      const { __provider, ...plain } = reveal(inputs);
      const key = `${type} ${name}`;
      const old = this.state.get(key);
      const make = __provider ? this.byProvider(__provider) : (this.makers[type] ?? remembered);
      const { id, outs } = await make(name, plain, old);
      this.state.set(key, { id, inputs: plain, outs });
      return { id, state: markSecrets(outs) };
    } catch (error) {
      throw this.failed(error as Error);
    }
  }

  async call({ inputs }: pulumi.runtime.MockCallArgs): Promise<Record<string, any>> {
    return inputs;
  }

  private failed(error: Error): Error {
    this.failure ??= error;
    this.fail(this.failure);
    return this.failure;
  }

  private changed(type: string, name: string): void {
    const at = (Date.now() - this.began) / 1000;
    this.changes.push({ type, name, at });
    if (type !== "parameter") this.log(`${at.toFixed(0).padStart(4)} s  ${name} (${type})`);
  }

  private readonly makers: Record<string, Make> = {
    "random:index/randomPassword:RandomPassword": (_name, { length }, old) => {
      if (!old) this.secrets.push(Array.from(randomBytes(length), (byte) => "abcdefghijklmnopqrstuvwxyz234567"[byte % 32]).join(""));
      return old ?? { id: "none", outs: { result: this.secrets.at(-1) } };
    },
    "random:index/randomId:RandomId": (_name, _inputs, old) => old ?? { id: "id", outs: { hex: randomBytes(8).toString("hex") } },
    "aws:s3/bucket:Bucket": async (name, inputs, old) => {
      if (old) return old;
      await this.machines.aws.createBucket(name);
      return { id: name, outs: { ...inputs, bucket: name, arn: `arn:aws:s3:::${name}` } };
    },
    "aws:ssm/parameter:Parameter": this.whenChanged("parameter", (_name, { name, type, value }) => this.machines.aws.putParameter(name, type, value)),
    "aws:s3/bucketObjectv2:BucketObjectv2": this.whenChanged("bundle", (_name, { bucket, key, content }) => this.machines.aws.putObject(bucket, key, content)),
    "aws:ec2/instance:Instance": async (name, inputs, old) => {
      // As a refresh would find
      if (old && (await this.machines.isThere(name)) && isDeepStrictEqual(inputs, old.inputs)) return old;
      const node = this.spec.ec2!.nodes.find(({ host }) => host === name)!;
      const id = await this.machines.launch(node, inputs.userData);
      this.changed("machine", name);
      return { id, outs: { ...inputs, id } };
    },
  };

  private whenChanged(what: string, make: (name: string, inputs: Record<string, any>) => Promise<void>): Make {
    return async (name, inputs, old) => {
      if (old && isDeepStrictEqual(inputs, old.inputs)) return old;
      await make(name, inputs);
      this.changed(what, name);
      return { id: `${name}-id`, outs: { ...inputs, arn: `arn:${name}` } };
    };
  }

  /** The text of a dynamic provider, as the engine keeps and runs it. */
  private byProvider(text: string): Make {
    const provider = providerOf(text);
    return async (name, inputs, old) => {
      if (old && !(await provider.diff?.(old.id, old.outs, inputs))?.changes) return old;
      const made = old ? await provider.update!(old.id, old.outs, inputs) : await provider.create!(inputs);
      if (made.outs?.key) this.secrets.push(made.outs.key);
      this.changed(name.endsWith("-rollout") ? "rollout" : old ? "updated" : "created", name);
      return { id: old?.id ?? (made as pulumi.dynamic.CreateResult).id, outs: { ...inputs, ...made.outs } };
    };
  }
}

/** What AWS would answer where nobody asks for more. */
const remembered: Make = (name, inputs, old) => ({
  id: old?.id ?? `${name}-id`,
  outs: { arn: `arn:${name}`, name: `${name}-name`, dnsName: `${name}.example.com`, zoneId: "Z0", prefixListId: "pl-0", ...inputs },
});

/** The values behind the marks of secrets. */
function reveal(value: any): any {
  if (isSecret(value)) return reveal(value.value);
  if (Array.isArray(value)) return value.map(reveal);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, reveal(inner)]));
  return value;
}

function markSecrets(outs: Record<string, any>): Record<string, any> {
  return Object.fromEntries(Object.entries(outs).map(([key, value]) => [key, ["key", "result"].includes(key) ? pulumi.secret(value) : value]));
}
