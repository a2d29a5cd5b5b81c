import { Answer, Context, Judgement, SqlCheck, tooYoung } from "../check";

interface Rows {
  inserted: number;
  updated: number;
  deleted: number;
}

/** Which profile the rows that were written speak for; undefined: nothing speaks against the declared one. */
function betterProfile(declared: string, { inserted, updated, deleted }: Rows, days: number): [profile: string, why: string] | undefined {
  const [written, seconds] = [inserted + updated + deleted, days * 86_400];
  const share = Math.round((100 * inserted) / Math.max(1, written));
  if (["oltp", "ecommerce"].includes(declared) && share >= 95 && inserted / seconds > 500) return ["logs", `${share} % of all rows written are inserts, ${Math.round(inserted / seconds)} a second`];
  if (declared === "logs" && share < 50 && (updated + deleted) / seconds > 50) return ["oltp", `${100 - share} % of all rows written are updates or deletes, ${Math.round((updated + deleted) / seconds)} a second`];
  return undefined;
}

function judgeProfile(answers: Answer[], { cluster: { profile } }: Context): Judgement {
  const judgement: Judgement & { unknown: { where: string; why: string }[] } = { found: [], unknown: [] };
  for (const answer of answers) {
    const better = profile && betterProfile(profile, (answer.rows as Rows[])[0], answer.statisticsDays);
    if (!better) continue;
    const [other, why] = better;
    if (answer.statisticsDays < 1) judgement.unknown.push({ where: answer.server, why: tooYoung(answer, 1) });
    else judgement.found.push({ where: answer.server, evidence: `profile ${profile}, and ${why}`, mend: `pgha:cluster.profile: ${other}; npx pgha plan shows what it changes` });
  }
  return judgement;
}

export const profile: SqlCheck = {
  id: "profile",
  title: "A workload other than the declared profile",
  needs: "primary",
  severity: "note",
  cause: "The settings are for another kind of work: checkpoints, autovacuum and WAL could fit better.",
  mend: "pgha:cluster.profile",
  risk: "Some settings restart the servers, one after the other; another profile may replicate in another mode.",
  sql: "SELECT sum(tup_inserted)::float8 AS inserted, sum(tup_updated)::float8 AS updated, sum(tup_deleted)::float8 AS deleted FROM pg_stat_database",
  judge: judgeProfile,
};
