export type Json = null | string | number | boolean | Json[] | { [key: string]: Json };
export type Properties = { [key: string]: Json };

/** What the engine takes for "known only after an update". The SDK has it, too, but takes long to load. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Marks a value as secret, so that the engine encrypts it in the state. */
export function secret(value: Json): Json {
  return { [SECRET_SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", value };
}

export interface CheckResult {
  inputs: Properties;
  /** One sentence each: names the property, never repeats its value, which may be secret. */
  failures: string[];
}

export interface CheckRequest {
  /** Logical name, for automatic physical names. */
  name: string;
  olds: Properties;
  news: Properties;
  /** Same seed, same automatic name; empty when the engine sends none. */
  randomSeed: Uint8Array;
}

export type DiffKind = "ADD" | "ADD_REPLACE" | "DELETE" | "DELETE_REPLACE" | "UPDATE" | "UPDATE_REPLACE";

export interface Diff {
  /** Property path to the kind of its change; empty when nothing changes. */
  detailed: Record<string, DiffKind>;
  /** The old resource has to go first, because both would own the same name or port. */
  deleteBeforeReplace: boolean;
}

export interface DiffRequest {
  /** Outputs of the last operation. */
  state: Properties;
  oldInputs: Properties;
  news: Properties;
}

/** What an operation may use while it runs. */
export interface Operation {
  /** Aborted when the user cancels. */
  signal: AbortSignal;
  /** Shows one line of progress that the next one overwrites. */
  progress(message: string): void;
}

export interface Created {
  id: string;
  state: Properties;
}

export interface ReadResult {
  state: Properties;
  inputs: Properties;
}

/** One resource type as the engine drives it. Inputs and state come without secret marks: the engine keeps them. */
export interface Resource {
  check(request: CheckRequest): CheckResult | Promise<CheckResult>;
  diff(request: DiffRequest): Diff;
  /** The outputs a preview shows: unknown where only an update can tell. */
  plan(inputs: Properties, state?: Properties): Properties;
  create(inputs: Properties, operation: Operation): Promise<Created>;
  /** Undefined when the object is gone. */
  read(id: string, state: Properties, inputs: Properties): Promise<ReadResult | undefined>;
  update(id: string, state: Properties, inputs: Properties, operation: Operation): Promise<Properties>;
  delete(id: string, state: Properties, operation: Operation): Promise<void>;
}

export interface Provider {
  name: string;
  /** The version of the official SDK that this stands in for. */
  version: string;
  resources: Record<string, Resource>;
  /** Every further type, where there is no need to know it. */
  others?: Resource;
  /** Settings of the provider that it takes; default none. */
  settings?: string[];
}

/** The object exists but is not as wanted: the engine keeps it in the state and comes back to it at the next update. */
export class InitializationFailed extends Error {
  constructor(
    readonly id: string,
    readonly state: Properties,
    reason: string,
  ) {
    super(reason);
  }
}
