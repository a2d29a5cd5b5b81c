import type { Expected } from "../../infra/live/settings/expected";
import type { Outputs } from "../outputs";
import type { Parts } from "./parts";

export type Severity = "critical" | "warning" | "note";

/** Where a check looks: on each server, on the primary, in each database, in each database of each server, or at the other parts. */
export type Need = "servers" | "primary" | "databases" | "everywhere" | "patroni" | "etcd" | "haproxy" | "pgbouncer" | "hosts" | "endpoints";

/** What a check is, whatever it looks at. */
interface Told {
  id: string;
  title: string;
  severity: Severity;
  /** What it comes from, and what it leads to. */
  cause: string;
  /** SQL or a command; a finding may have its own. */
  mend: string;
  /** Of the mend. */
  risk: string;
}

/** One thing that is not as it should be. */
export interface Found {
  where: string;
  evidence: string;
  severity?: Severity;
  mend?: string;
}

/** What a check says: what it found, and why it cannot tell where it cannot. */
export interface Judgement {
  found: Found[];
  unknown?: { where: string; why: string }[];
}

/** What one server answered to the SQL of a check. */
export interface Answer {
  server: string;
  standby: boolean;
  database: string;
  /** For how long it has counted. */
  statisticsDays: number;
  /** Here, when it answered, and how long that took. Seconds. */
  at: number;
  took: number;
  rows: unknown[];
}

/** What is known of the stack before anything is asked. */
export interface Context {
  cluster: Outputs["cluster"];
  expected?: Expected;
}

export interface SqlCheck extends Told {
  needs: "servers" | "primary" | "databases" | "everywhere";
  sql: string;
  /** Why nothing is to be asked where the relation or the library is not there. */
  without?: string;
  judge(answers: Answer[], context: Context): Judgement;
}

export interface PartCheck extends Told {
  needs: Exclude<Need, SqlCheck["needs"]>;
  judge(parts: Parts, context: Context): Judgement;
}

export type Check = SqlCheck | PartCheck;

export const isSql = (check: Check): check is SqlCheck => "sql" in check;

/** What a row tells, without where it was seen. */
type Seen = Omit<Found, "where"> | undefined;

interface ByRow<Row> extends Omit<SqlCheck, "judge"> {
  /** Days of statistics below which nothing can be told from a row. */
  needsDays?: number;
  found(row: Row, answer: Answer): Seen;
}

/** A check of which each row is judged by itself. */
export function byRow<Row>({ found, needsDays = 0, ...check }: ByRow<Row>): SqlCheck {
  return {
    ...check,
    judge(answers) {
      const judgement = { found: [] as Found[], unknown: [] as { where: string; why: string }[] };
      for (const answer of answers) {
        const where = placeOf(check.needs, answer);
        const seen = (answer.rows as Row[]).flatMap((row) => found(row, answer) ?? []).map((one) => ({ where, ...one }));
        if (seen.length && answer.statisticsDays < needsDays) judgement.unknown.push({ where, why: tooYoung(answer, needsDays) });
        else judgement.found.push(...seen);
      }
      return judgement;
    },
  };
}

/** A check of the other parts that can always tell. */
export function ofParts({ found, ...check }: Omit<PartCheck, "judge"> & { found(parts: Parts, context: Context): Found[] }): PartCheck {
  return { ...check, judge: (parts, context) => ({ found: found(parts, context) }) };
}

function placeOf(needs: Need, { server, database }: Answer): string {
  return needs === "databases" ? `database ${database}` : needs === "everywhere" ? `${server}, database ${database}` : server;
}

export function tooYoung({ server, statisticsDays }: Answer, needed: number): string {
  const count = (days: number) => (days < 2 ? `${Math.round(days * 24)} h` : `${Math.round(days)} d`);
  return `${server} has counted for ${count(statisticsDays)}; it takes ${count(needed)}`;
}
