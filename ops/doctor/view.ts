import { counted } from "../../tools/words";
import { Paint, Tone } from "../terminal";
import { Check, isSql, Need, Severity } from "./check";
import { DoctorReport, Finding } from "./report";

const tones: Record<Severity, Tone> = { critical: "bad", warning: "warn", note: "dim" };

/** Where a check looks, in words. */
export const places: Record<Need, string> = {
  servers: "each server",
  primary: "the primary",
  databases: "each database",
  everywhere: "each database, on all servers together",
  patroni: "Patroni",
  etcd: "etcd",
  haproxy: "HAProxy",
  pgbouncer: "PgBouncer",
  hosts: "the hosts",
  endpoints: "the ways in",
};

/** Names may hold what a terminal obeys: owners choose them. */
export function harmless(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "�");
}

/** The report as a person reads it: the verdict, then what to do, the most severe first. */
export function viewReport({ cluster, findings, unknown, missed, checks, seconds }: DoctorReport, paint: Paint): string {
  const verdict = findings.length ? paint(counted(findings.length, "finding"), findings[0].severity === "critical" ? "bad" : "warn") : paint("nothing found", "good");
  return [
    `${cluster}: ${verdict} by ${counted(checks.length, "check")} in ${seconds.toFixed(1)} s`,
    ...missed.map((each) => paint(`  not seen: ${harmless(each)}`, "warn")),
    ...group(findings).flatMap((same) => viewFindings(same, paint)),
    ...(unknown.length ? ["", paint("  cannot be told yet", "bold"), ...unknown.map(({ check, where, why }) => paint(`    ${check}, ${harmless(where)}: ${harmless(why)}`, "dim"))] : []),
    ...(findings.length ? ["", paint("  npx pgha doctor explain <check>: what it comes from, and its SQL", "dim")] : []),
    "",
  ].join("\n");
}

/** Those of one check and severity together. */
function group(findings: Finding[]): Finding[][] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) groups.set(`${finding.severity} ${finding.check}`, [...(groups.get(`${finding.severity} ${finding.check}`) ?? []), finding]);
  return [...groups.values()];
}

function viewFindings(same: Finding[], paint: Paint): string[] {
  const [{ check, title, severity, cause, risk }] = same;
  return [
    "",
    `  ${paint(severity, tones[severity])}  ${paint(title, "bold")} (${check})`,
    ...same.flatMap(({ where, evidence, mend }, index) => {
      const again = same.findIndex((other) => other.mend === mend) < index;
      return [`    ${harmless(where)}: ${harmless(evidence)}`, ...(again ? [] : [`      ${harmless(mend)}`])];
    }),
    paint(`    why: ${cause}`, "dim"),
    paint(`    risk: ${risk}`, "dim"),
  ];
}

/** All that a check is. */
export function explain(check: Check, paint: Paint): string {
  const { id, title, severity, needs, cause, mend, risk } = check;
  return [
    `${paint(title, "bold")} (${id}, ${severity})`,
    `  looks at  ${places[needs]}`,
    `  why       ${cause}`,
    `  mend      ${mend}`,
    `  risk      ${risk}`,
    ...(isSql(check) ? ["", ...check.sql.split("\n").map((line) => paint(`    ${line}`, "dim"))] : []),
    "",
  ].join("\n");
}
