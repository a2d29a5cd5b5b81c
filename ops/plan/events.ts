import { UserError } from "../../tools/errors";

export type Operation = "create" | "update" | "replace" | "delete" | "same";

/** What the engine would do to one resource; secrets in `before` and `after` are masked by the engine. */
export interface Step {
  operation: Operation;
  type: string;
  name: string;
  /** Inputs; none of a resource that is made or that goes. */
  before?: Inputs;
  after?: Inputs;
  /** Properties that the provider names as changed. */
  properties: string[];
}

export type Inputs = Record<string, unknown>;

/** A preview as its events tell it. */
export interface Preview {
  steps: Step[];
  outputs: { before: Inputs; after: Inputs };
  errors: string[];
  warnings: string[];
}

interface State {
  inputs?: Inputs;
  outputs?: Inputs;
}

interface Event {
  resourcePreEvent?: { metadata: Metadata };
  resOutputsEvent?: { metadata: Metadata };
  diagnosticEvent?: { severity: string; message: string; ephemeral?: boolean };
  policyEvent?: { policyName: string; message: string; enforcementLevel: string };
}

interface Metadata {
  op: string;
  urn: string;
  type: string;
  old?: State | null;
  new?: State | null;
  diffs?: string[] | null;
}

const operations: Operation[] = ["create", "update", "replace", "delete", "same"];
const STACK = "pulumi:pulumi:Stack";

/** Reads the engine's events, a JSON object a line; a replacement's two halves are left out, the whole of it stays. */
export function readEvents(text: string): Preview {
  const preview: Preview = { steps: [], outputs: { before: {}, after: {} }, errors: [], warnings: [] };
  for (const line of text.split("\n")) if (line.startsWith("{")) note(preview, parse(line));
  return preview;
}

function parse(line: string): Event {
  try {
    return JSON.parse(line) as Event;
  } catch {
    throw new UserError("pulumi's preview ended in the middle of a line", "run the command again");
  }
}

function note(preview: Preview, { resourcePreEvent, resOutputsEvent, diagnosticEvent, policyEvent }: Event): void {
  const step = resourcePreEvent?.metadata;
  if (step?.type === STACK) preview.outputs.before = step.old?.outputs ?? {};
  else if (step && operations.includes(step.op as Operation)) preview.steps.push(stepOf(step));
  const outputs = resOutputsEvent?.metadata;
  if (outputs?.type === STACK) preview.outputs.after = outputs.new?.outputs ?? {};
  if (policyEvent) preview[policyEvent.enforcementLevel === "advisory" ? "warnings" : "errors"].push(plain(`[${policyEvent.policyName}] ${policyEvent.message}`));
  if (!diagnosticEvent || diagnosticEvent.ephemeral) return;
  const { severity, message } = diagnosticEvent;
  const said = plain(message);
  if (severity === "error") preview.errors.push(said);
  if (severity === "warning" && !/^using pulumi-\S+ from \$PATH/.test(said)) preview.warnings.push(said);
}

function stepOf({ op, urn, type, old, new: after, diffs }: Metadata): Step {
  return {
    operation: op as Operation,
    type,
    name: urn.split("::").pop() ?? urn,
    ...(old?.inputs ? { before: old.inputs } : {}),
    ...(after?.inputs && op !== "delete" ? { after: after.inputs } : {}),
    properties: [...new Set((diffs ?? []).map((path) => path.split(/[.[]/)[0]))].sort(),
  };
}

/** Without the engine's marks for colours. */
function plain(message: string): string {
  return message.replaceAll(/<\{%[^%]*%\}>/g, "").replace(/^(warning|error): /, "").trim();
}
