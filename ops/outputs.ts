import { z } from "zod";
import { UserError } from "../tools/errors";
import { demandItsBackend } from "../tools/engine/backend";
import { layoutOf } from "../tools/engine/layout";
import { capture, lastLines } from "../tools/process";
import { ExistingEngine, findEngine } from "./engine";

const servers = z.array(z.object({ name: z.string(), host: z.string() }));

const seconds = z.number().nullable();
const budget = z.object({
  mode: z.string(),
  maxWriteOutage: z.number().optional(),
  unflushed: z.number(),
  failures: z.array(
    z.object({ failure: z.string(), title: z.string(), typical: seconds, worst: seconds, until: z.string().optional(), mayLose: z.string() }),
  ),
});

/** infra/cluster/forecast/budget.ts. Names are text here: a stack may have been deployed by another version. */
export type Budget = z.infer<typeof budget>;

const logs = z.object({
  hotDays: z.number(),
  keepArchivesDays: z.number(),
  archive: z.string(),
  endpoint: z.string().optional(),
  region: z.string().optional(),
});

/** Where the logs of a stack go. */
export type Logs = z.infer<typeof logs>;

/** What pgha needs of a stack's outputs (infra/outputs.ts); whatever else there is does no harm. */
const schema = z.object({
  cluster: z.object({
    name: z.string(),
    target: z.string(),
    database: z.string(),
    /** All of them; absent from stacks that were deployed when there was but one. */
    databases: z.array(z.string()).optional(),
    replication: z.object({
      mode: z.enum(["asynchronous", "priority", "quorum", "strict"]),
      synchronousStandbys: z.number(),
    }),
    /** Absent from stacks that were deployed before it was told. */
    profile: z.string().optional(),
    /** What counts as drift in them. */
    drift: z.enum(["declared", "all"]).optional(),
    /** Example schemas in the application database. */
    examples: z.array(z.string()).optional(),
    etcd: servers,
    postgres: servers,
    haproxy: servers,
    pgbouncer: servers,
    /** Absent where nothing is backed up, and from stacks that were deployed when nothing was. */
    backup: servers.optional(),
  }),
  patroniUrls: z.array(z.string()).min(1),
  poolerUrls: z.array(z.string()),
  poolerAdminUrls: z.array(z.string()),
  superuserUrls: z.array(z.string()),
  statsUrls: z.array(z.string()),
  /** Where the cluster is watched. */
  prometheusUrls: z.array(z.string()).optional(),
  writeUrl: z.string(),
  readUrl: z.string(),
  haproxyWriteUrl: z.string(),
  haproxyReadUrl: z.string(),
  /** Of the roles beside the application's; absent from stacks that were deployed before it was. */
  roleUrls: z.record(z.string(), z.object({ write: z.string() })).optional(),
  caCertificate: z.string(),
  operatorCertificate: z.string(),
  operatorKey: z.string(),
  /** What is promised of backups: days between them. Absent where there are none. */
  backup: z.object({ full: z.number(), differential: z.number(), proof: z.number().optional() }).optional(),
  /** Absent from stacks that were deployed before there was one. */
  budget: budget.optional(),
  /** Absent where the log system is not enabled. */
  logs: logs.optional(),
  /** As the budget. */
  expected: z.object({ configuration: z.record(z.string(), z.unknown()), accessRules: z.array(z.string()) }).optional(),
});

/** A deployed stack as its own outputs describe it. The URLs hold passwords: never print them unmasked. */
export type Outputs = z.infer<typeof schema>;

/** How to deploy a stack, for remedies. */
function upCommand(stack: string): string {
  return stack === "dev" ? "npm run up" : `npm run up -- --stack ${stack}`;
}

/** The stack's budget; throws a UserError with the remedy where it has none yet. */
export function budgetOf({ budget }: Outputs, stack: string): Budget {
  if (budget) return budget;
  throw new UserError(`the stack ${stack} was deployed without a budget`, upCommand(stack));
}

/** What is configured of the log system; throws a UserError with the remedy where there is none. */
export function logsOf({ logs }: Outputs, stack: string): Logs {
  if (logs) return logs;
  throw new UserError(`the stack ${stack} has no log system`, `set pgha:cluster.logs.enabled to true in Pulumi.${stack}.yaml, then ${upCommand(stack)}`);
}

/** The stack of this name, or the selected one, as it is deployed. Throws as readOutputs and findEngine do. */
export async function readStack(named: string | undefined): Promise<{ stack: string; outputs: Outputs; root: string }> {
  const engine = findEngine();
  const stack = named ?? engine.stack;
  return { stack, outputs: await readOutputs(engine, stack), root: engine.root };
}

/** Asks the engine; throws a UserError with the remedy when the stack is not deployed. */
export async function readOutputs(engine: ExistingEngine, stack = engine.stack): Promise<Outputs> {
  demandItsBackend(stack, engine.env, layoutOf(engine.root));
  const args = ["stack", "output", "--json", "--show-secrets", "--non-interactive", "--stack", stack];
  const { code, stdout, stderr } = await capture("pulumi", args, { cwd: engine.root, env: engine.env, timeout: 60_000 });
  if (code !== 0) throw explainFailure(stderr, code, stack);
  return parseOutputs(stdout, stack);
}

/** Outputs from the engine's JSON; names what is missing, never what is there. */
export function parseOutputs(json: string, stack: string): Outputs {
  const values = JSON.parse(json) as Record<string, unknown>;
  if (Object.keys(values).length === 0) throw new UserError(`the stack ${stack} is not deployed`, upCommand(stack));
  const { success, data, error } = schema.safeParse(values);
  if (success) return data;
  const keys = [...new Set(error.issues.map(({ path }) => path.join(".")))].join(", ");
  throw new UserError(
    `the outputs of the stack ${stack} lack, or have in another shape: ${keys}`,
    `finish its deployment: ${upCommand(stack)}`,
  );
}

export function explainFailure(stderr: string, code: number, stack: string): UserError {
  if (/no stack named/.test(stderr)) return new UserError(`there is no stack ${stack} here`, upCommand(stack));
  if (/passphrase/.test(stderr))
    return new UserError(
      `the secrets of the stack ${stack} cannot be read: its passphrase is missing or wrong`,
      "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE, as for pulumi itself",
    );
  return new UserError(
    `pulumi could not give the outputs of ${stack}: ${lastLines(stderr, 3) || `code ${code}`}`,
    `npm run pulumi -- stack output --stack ${stack}`,
  );
}
