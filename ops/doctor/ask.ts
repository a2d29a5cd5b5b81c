import { DatabaseError } from "pg";
import { Answer, SqlCheck } from "./check";
import { Session } from "./servers";

/** What came of a check's SQL in one session. */
export interface Asked {
  check: SqlCheck;
  answer?: Answer;
  unknown?: { where: string; why: string };
  missed?: string;
}

/** No such relation, or its library is not loaded. */
const ABSENT = ["42P01", "55000"];

/** Whether a check is made in this session: those of servers in database postgres, those of the primary there only. */
export function isFor({ needs }: SqlCheck, { standby, database }: Pick<Session, "standby" | "database">): boolean {
  const own = database === "postgres";
  return needs === "servers" ? own : needs === "primary" ? own && !standby : needs === "databases" ? !own && !standby : !own;
}

/** Asks one after the other until `deadline` (milliseconds); never throws. */
export async function askAll(session: Session, checks: SqlCheck[], deadline: number): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (const check of checks) asked.push(Date.now() < deadline ? await ask(session, check) : { check, missed: `${check.id} on ${session.server}, database ${session.database}: no time was left` });
  return asked;
}

async function ask({ client, server, database, standby, statisticsDays }: Session, check: SqlCheck): Promise<Asked> {
  const where = `${server}, database ${database}`;
  const began = Date.now();
  try {
    const { rows } = await client.query(check.sql);
    const took = (Date.now() - began) / 1000;
    return { check, answer: { server, database, standby, statisticsDays, rows, at: began / 1000 + took / 2, took } };
  } catch (error) {
    if (check.without && error instanceof DatabaseError && ABSENT.includes(error.code ?? "")) return { check, unknown: { where: server, why: check.without } };
    return { check, missed: `${check.id} on ${where}: ${(error as Error).message}` };
  }
}
