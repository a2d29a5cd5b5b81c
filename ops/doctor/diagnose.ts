import { setTimeout as sleep } from "node:timers/promises";
import { databasesOf } from "../database";
import { Outputs } from "../outputs";
import { Asked, askAll, isFor } from "./ask";
import { Answer, Check, Context, isSql, Judgement, Severity, SqlCheck } from "./check";
import { collectParts, Parts } from "./parts";
import { DoctorReport, Finding } from "./report";
import { close, openServers, Session } from "./servers";

/** Milliseconds until no server is logged into any more, nothing more is asked there, and the other parts have to have answered. */
const LOG_IN = 4000;
const ASK = 6000;
const PARTS = 9000;
const ORDER: Severity[] = ["critical", "warning", "note"];

/** Makes these checks on a running cluster, all parts at once. What does not answer in time is told as missed. */
export async function diagnose(outputs: Outputs, stack: string, checks: Check[]): Promise<DoctorReport> {
  const began = Date.now();
  const sql = checks.filter(isSql);
  const [parts, asked] = await Promise.all([
    checks.some((check) => !isSql(check)) ? inTime(collectParts(outputs, stack)) : undefined,
    askServers(outputs, sql, began),
  ]);
  const judged = judgeAll(checks, asked.answers, parts === "late" ? undefined : parts, { cluster: outputs.cluster, expected: outputs.expected });
  return {
    cluster: outputs.cluster.name, stack, time: new Date(began).toISOString(), seconds: (Date.now() - began) / 1000, checks: checks.map(({ id }) => id),
    findings: judged.findings,
    unknown: [...judged.unknown, ...asked.answers.flatMap(({ check, unknown }) => (unknown ? [{ check: check.id, ...unknown }] : []))],
    missed: [...(parts === "late" ? ["Patroni, etcd, proxies and poolers: no answer in time"] : []), ...asked.missed, ...asked.answers.flatMap(({ missed }) => missed ?? [])],
  };
}

function inTime<T>(work: Promise<T>): Promise<T | "late"> {
  const clock = new AbortController();
  const late = sleep(PARTS, "late" as const, { signal: clock.signal }).catch(() => "late" as const);
  return Promise.race([work, late]).finally(() => clock.abort());
}

async function askServers(outputs: Outputs, checks: SqlCheck[], began: number): Promise<{ answers: Asked[]; missed: string[] }> {
  const wanted = (...needs: SqlCheck["needs"][]) => checks.some((check) => needs.includes(check.needs));
  const databases = [
    ...(wanted("servers", "primary") ? [{ database: "postgres", standbys: wanted("servers") }] : []),
    ...(wanted("databases", "everywhere") ? databasesOf(outputs).map((database) => ({ database, standbys: wanted("everywhere") })) : []),
  ];
  const visits = await Promise.all(databases.map(async ({ database, standbys }) => {
    const { sessions, missed } = await openServers(outputs, database, standbys, began + LOG_IN);
    const answers = await Promise.all(sessions.map((session) => visit(session, checks, began + ASK)));
    return { answers: answers.flat(), missed };
  }));
  return { answers: visits.flatMap(({ answers }) => answers), missed: visits.flatMap(({ missed }) => missed) };
}

async function visit(session: Session, checks: SqlCheck[], deadline: number): Promise<Asked[]> {
  try {
    return await askAll(session, checks.filter((check) => isFor(check, session)), deadline);
  } finally {
    close(session);
  }
}

/** Every check's judgement of what was answered, the most severe findings first. */
export function judgeAll(checks: Check[], asked: Asked[], parts: Parts | undefined, context: Context): Pick<DoctorReport, "findings" | "unknown"> {
  const report = { findings: [] as Finding[], unknown: [] as DoctorReport["unknown"] };
  for (const check of checks) {
    const { found, unknown = [] } = judge(check, asked.flatMap(({ check: { id }, answer }) => (answer && id === check.id ? [answer] : [])), parts, context);
    const { id, title, severity, cause, mend, risk } = check;
    report.findings.push(...found.map((one) => ({ check: id, title, cause, risk, ...one, severity: one.severity ?? severity, mend: one.mend ?? mend })));
    report.unknown.push(...unknown.map((one) => ({ check: id, ...one })));
  }
  report.findings.sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  return report;
}

function judge(check: Check, answers: Answer[], parts: Parts | undefined, context: Context): Judgement {
  if (isSql(check)) return check.judge(answers, context);
  return parts ? check.judge(parts, context) : { found: [] };
}
