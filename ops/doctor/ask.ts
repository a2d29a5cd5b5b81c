import { DatabaseError } from "pg";
import { isConnectionLoss } from "../../infra/live/postgres/connection";
import { counted } from "../../tools/words";
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
  for (const check of checks) {
    const late = Date.now() >= deadline;
    const one = late ? undefined : await ask(session, check);
    if (one && !one.lost) asked.push(one);
    // What is left is one thing, not one a check
    else return [...asked, { check, missed: `${counted(checks.length - asked.length, "check")} on ${placeOf(session)}: ${one?.missed ?? "no time was left"}` }];
  }
  return asked;
}

const placeOf = ({ server, database }: Session) => `${server}, database ${database}`;

async function ask(session: Session, check: SqlCheck): Promise<Asked & { lost?: boolean }> {
  const { client, server, database, standby, statisticsDays } = session;
  const began = Date.now();
  try {
    const { rows } = await client.query(check.sql);
    const took = (Date.now() - began) / 1000;
    return { check, answer: { server, database, standby, statisticsDays, rows, at: began / 1000 + took / 2, took } };
  } catch (error) {
    if (check.without && error instanceof DatabaseError && ABSENT.includes(error.code ?? "")) return { check, unknown: { where: server, why: check.without } };
    if (isConnectionLoss(error)) return { check, missed: (error as Error).message, lost: true };
    return { check, missed: `${check.id} on ${placeOf(session)}: ${(error as Error).message}` };
  }
}
