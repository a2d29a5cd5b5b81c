import { Cell, Column, layOut } from "../table";
import { Paint, Screen, Tone } from "../terminal";
import { availabilityLines, budgetLine, budgetRows, costLine, countsLine, names, restartLine, serverLines, settingRank, shorten } from "./words";
import { byNumber, FileChange } from "./files";
import { hasChanges, PlanReport } from "./report";

const signs: Record<string, [sign: string, tone: Tone]> = {
  create: ["+", "good"],
  update: ["~", "warn"],
  replace: ["±", "bad"],
  delete: ["-", "bad"],
};

/** The plan as a person reads it. `full`: also the text of files that are new. */
export function viewPlan(report: PlanReport, screen: Screen, { full = false } = {}): string {
  const { paint, width } = screen;
  const section = (title: string, lines: string[]) => (lines.length === 0 ? [] : ["", paint(title, "bold"), ...lines]);
  const indent = (lines: string[]) => lines.map((line) => `  ${line}`);
  const table = (columns: Column[], rows: Cell[][]) => (rows.length === 0 ? [] : layOut(columns, rows, width, paint));
  return [
    paint(countsLine(report), hasChanges(report) ? "warn" : "good"),
    ...section("Not possible with the data that is there", indent(report.rebuilds.map(({ key, from, to }) => `${key}: ${from} → ${to}: rebuild, a new cluster (the update refuses it)`))),
    ...section("Settings", [
      ...table([{ title: "setting" }, { title: "change" }], [...report.settings].sort(settingRank).map(({ setting, change, reach }) => [{ text: setting }, { text: change, tone: reach === "restart" ? "warn" : undefined }])),
      ...indent(restartLine(report)),
    ]),
    ...section(report.new ? "Servers" : "Servers made anew, one at a time", indent(serverLines(report))),
    ...section("Write outage to expect", [
      ...table([{ title: "when" }, { title: "typical", align: "right" }, { title: "worst", align: "right" }], budgetRows(report).map((row) => row.map((text) => ({ text })))),
      ...indent(budgetLine(report)),
    ]),
    ...section("Availability to expect", indent(availabilityLines(report))),
    ...section("Cost", indent(costLine(report))),
    ...section("Files", [...(full ? [] : listed(report.files, paint)), ...report.files.filter(({ operation }) => full || operation === "update").flatMap((file) => fileLines(file, paint))]),
    ...section("Resources", table([{ title: "" }, { title: "resource" }, { title: "type" }, { title: "changed", spare: 1 }], report.resources.map(({ operation, type, name, properties }) => [
      { text: signs[operation][0], tone: signs[operation][1] }, { text: name }, { text: type.split(":").slice(-1)[0] }, { text: properties.join(", ") },
    ]))),
    ...section("Warnings", indent(report.warnings)),
    "",
  ].join("\n");
}

/** Files that are new or go, without their text: one line for each, whatever is in it on each server. */
function listed(files: FileChange[], paint: Paint): string[] {
  const whole = files.filter(({ operation }) => operation !== "update");
  return [...new Set(whole.map(({ path, operation }) => `${operation} ${path}`))].map((key) => {
    const same = whole.filter(({ path, operation }) => `${operation} ${path}` === key);
    const [sign, tone] = signs[same[0].operation];
    return `  ${paint(sign, tone)} ${same[0].path} ${paint(`on ${names(same.flatMap(({ on }) => on).sort(byNumber))}`, "dim")}`;
  });
}

function fileLines({ path, on, operation, added, removed, diff }: FileChange, paint: Paint): string[] {
  const [sign, tone] = signs[operation];
  const head = `  ${paint(sign, tone)} ${path} ${paint(`on ${names(on)} (+${added} −${removed})`, "dim")}`;
  return [head, ...diff.split("\n").map((line) => `    ${paintDiff(shorten(line), paint)}`)];
}

function paintDiff(line: string, paint: Paint): string {
  const tone: Tone | undefined = line.startsWith("+") ? "good" : line.startsWith("-") ? "bad" : line.startsWith("@@") ? "dim" : undefined;
  return tone ? paint(line, tone) : line;
}
