import assert from "node:assert/strict";
import { Client } from "pg";
import { askAll, isFor } from "../../../../ops/doctor/ask";
import { Answer, Context, isSql, SqlCheck } from "../../../../ops/doctor/check";
import { checks } from "../../../../ops/doctor/checks";
import { judgeAll } from "../../../../ops/doctor/diagnose";
import { readFacts, sessionOptions } from "../../../../ops/doctor/servers";
import { eventually } from "../project";
import { databaseFaults } from "./databaseFaults";
import { Bare, Fault } from "./fault";
import { serverFaults } from "./serverFaults";

export const faults: Fault[] = [...serverFaults, ...databaseFaults];

/** Its pg_hba.conf is not a cluster's. */
const NOT_OF_A_SERVER_ALONE = ["access-rules"];
const context: Context = { cluster: { profile: "oltp", postgres: [{ name: "bare", host: "bare" }] } as Context["cluster"], expected: { configuration: { postgresql: { parameters: { work_mem: "4MB", max_parallel_workers_per_gather: 2 } } }, accessRules: [] } };

/** Every SQL check on a server of its own: silent while it is fresh, and each finds the fault that is made for it. */
export async function proveChecks(open: (user: string, database: string, options?: string) => Promise<Client>): Promise<void> {
  const roots = new Map<string, Client>();
  /** Those of one fault. */
  const sessions: Client[] = [];
  const bare: Bare = {
    async session({ user = "postgres", database = "postgres" } = {}) {
      const client = await open(user, database);
      sessions.push(client);
      return client;
    },
    async sql(statement, database = "postgres") {
      const root = roots.get(database) ?? (await open("postgres", database));
      roots.set(database, root);
      const results = [await root.query(statement)].flat();
      return results[results.length - 1].rows as unknown[];
    },
  };
  const ask = async (database: string, chosen: SqlCheck[]) => {
    const client = await open("postgres", database, sessionOptions);
    const facts = { client, server: "bare", database, ...(await readFacts(client)) };
    const asked = await askAll(facts, chosen.filter((check) => isFor(check, facts)), Date.now() + 60_000);
    await client.end();
    return asked;
  };

  try {
    await bare.sql("CREATE DATABASE app");
    await bare.sql("CREATE SCHEMA app", "app");
    const sql = checks.filter(isSql).filter(({ id }) => !NOT_OF_A_SERVER_ALONE.includes(id));
    const fresh = [...(await ask("postgres", sql)), ...(await ask("app", sql))];
    assert.deepEqual(fresh.flatMap(({ missed }) => missed ?? []), []);
    assert.deepEqual(judgeAll(sql, fresh, undefined, context).findings, []);
    for (const fault of faults) {
      await prove(bare, fault, ask);
      await endAll(sessions.splice(0));
    }
  } finally {
    await endAll([...sessions, ...roots.values()]);
  }
}

/** Those that are in a statement as well. */
async function endAll(clients: Client[]): Promise<void> {
  for (const client of clients) (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  await new Promise((resolve) => setTimeout(resolve, clients.length ? 100 : 0));
}

async function answered(asked: ReturnType<typeof askAll>): Promise<Answer> {
  const [{ check, answer, missed }] = await asked;
  assert.ok(answer, `${check.id}: ${missed}`);
  return answer;
}

/** Puts in what no server has by itself at once: a standby, a second server, hours. */
function pretend({ check, later = {}, days }: Fault, answer: Answer): Answer[] {
  const rows = answer.rows.length || !("name" in later) ? answer.rows.map((row) => ({ ...(row as object), ...later })) : [later];
  const told = { ...answer, rows, statisticsDays: days ?? answer.statisticsDays };
  return check === "versions" ? [told, { ...told, server: "other", rows: answer.rows }] : [told];
}

async function prove(bare: Bare, fault: Fault, ask: (database: string, chosen: SqlCheck[]) => ReturnType<typeof askAll>): Promise<void> {
  const { check: id, make, says, days, undo = [] } = fault;
  const check = checks.filter(isSql).find((one) => one.id === id);
  assert.ok(check, `there is no check ${id}`);
  const database = ["servers", "primary"].includes(check.needs) ? "postgres" : "app";
  if (typeof make === "function") await make(bare);
  else for (const statement of make) await bare.sql(statement, database);
  // Postgres counts and archives in its own time
  await eventually(30, async () => {
    const { found, unknown } = check.judge(pretend(fault, await answered(ask(database, [check]))), context);
    assert.ok(found.some(({ evidence }) => says.test(evidence)), `${id} says ${JSON.stringify({ found, unknown })}`);
  });
  if (days && ["unused-indexes", "missing-indexes"].includes(id)) {
    const young = check.judge([await answered(ask(database, [check]))], context);
    assert.deepEqual([young.found.length, young.unknown?.length], [0, 1], `${id} cannot tell yet`);
  }
  for (const statement of undo) await bare.sql(statement, database);
}
