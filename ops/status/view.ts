import { backupLine } from "./backup";
import { formatSeconds } from "../format";
import { Budget } from "../outputs";
import { Cell, Column, layOut } from "../table";
import { Screen, Tone } from "../terminal";
import { ServedCertificate, StatusReport } from "./report";
import { alertColumns, alertRow, budgetColumns, budgetRow, endpointColumns, endpointRow, etcdColumns, etcdRow, jobColumns, jobRow, memberColumns, memberRow, partitionedColumns, partitionedRow, poolerColumns, poolerRow, proxyColumns, proxyRow } from "./tables";
import { certificateWarning } from "./verdict";

/** The report as a person reads it: the verdict first, then what it rests on. */
export function viewStatus(report: StatusReport, screen: Screen): string {
  const { level, summary, problems } = report.verdict;
  const tone: Tone = level === "healthy" ? "good" : level === "degraded" ? "warn" : "bad";
  const { paint } = screen;
  return [
    paint(summary, tone),
    ...problems.map((problem) => `  - ${problem}`),
    paint(`cluster ${report.cluster}, stack ${report.stack}, ${report.time.slice(0, 19).replace("T", " ")} UTC`, "dim"),
    ...section("Members", memberColumns, report.members.map((member) => memberRow(member, report.time)), screen),
    ...section("etcd", etcdColumns, report.etcd.map(etcdRow), screen),
    ...section("Poolers", poolerColumns, report.poolers.map(poolerRow), screen),
    ...section("Proxies", proxyColumns, report.proxies.map(proxyRow), screen),
    ...section("Endpoints", endpointColumns, report.endpoints.map(endpointRow), screen),
    ...section("Jobs", jobColumns, (report.maintenance?.jobs ?? []).map(jobRow), screen),
    ...section("Tables by time", partitionedColumns, (report.maintenance?.tables ?? []).map(partitionedRow), screen),
    ...section("Alerts", alertColumns, (report.alerts?.firing ?? []).map((alert) => alertRow(alert, report.time)), screen),
    ...(report.backup ? ["", paint("Backups", "bold"), `  ${backupLine(report.backup, report.time)}`] : []),
    ...certificateLines(report.certificates, screen),
    ...(report.budget ? budgetLines(report.budget, screen) : []),
    "",
  ].join("\n");
}

function budgetLines({ mode, maxWriteOutage, unflushed, failures }: Budget, screen: Screen): string[] {
  const promise = maxWriteOutage === undefined ? "" : `, at most ${formatSeconds(maxWriteOutage)} promised`;
  const title = `Write outage to expect (${mode}${promise})`;
  return section(title, budgetColumns, failures.map((failure) => budgetRow(failure, unflushed)), screen);
}

function section(title: string, columns: Column[], rows: Cell[][], { paint, width }: Screen): string[] {
  return rows.length === 0 ? [] : ["", paint(title, "bold"), ...layOut(columns, rows, width, paint)];
}

function certificateLines(certificates: ServedCertificate[], { paint }: Screen): string[] {
  if (certificates.length === 0) return [];
  const sorted = [...certificates].sort((a, b) => a.days - b.days);
  const worrying = sorted.filter(({ days }) => days < certificateWarning);
  const line = ({ name, days, expires }: ServedCertificate) =>
    `${name} ${days < 0 ? "expired" : "expires"} ${expires.slice(0, 10)} (${days} days)`;
  const lines = worrying.length > 0 ? worrying.map((one) => paint(line(one), "warn")) : [`first of ${certificates.length}: ${line(sorted[0])}`];
  return ["", paint("Certificates", "bold"), ...lines.map((one) => `  ${one}`)];
}
