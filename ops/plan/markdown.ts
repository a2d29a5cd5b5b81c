import { FileChange } from "./files";
import { PlanReport } from "./report";
import { availabilityLines, budgetLine, budgetRows, costLine, countsLine, names, restartLine, serverLines, settingRank, shorten } from "./words";

/** Characters of one plan: two of them fit into a comment on GitHub, which takes 65,536. */
const LIMIT = 30_000;

/** The plan as a comment of a pull request: what matters in sight, differences folded. What is too long is left out, and said. */
export function markdownPlan(report: PlanReport, limit = LIMIT): string {
  const head = [
    `### ${countsLine(report)}`,
    ...block("Not possible with the data that is there", report.rebuilds.map(({ key, from, to }) => `- \`${key}\`: ${from} → ${to}: **rebuild**, a new cluster`)),
    ...block("Settings", [...table(["setting", "change"], [...report.settings].sort(settingRank).map(({ setting, change }) => [`\`${setting}\``, escape(change)])), ...restartLine(report).map((line) => `\n${line}.`)]),
    ...block(report.new ? "Servers" : "Servers made anew, one at a time", serverLines(report).map((line) => `${line.replace(/^(\d+) +/, "$1. ")}`)),
    ...block("Write outage to expect", [...table(["when", "typical", "worst"], budgetRows(report)), ...budgetLine(report)]),
    ...block("Availability to expect", availabilityLines(report).map((line) => `- ${line}`)),
    ...block("Cost", costLine(report)),
    ...block("Warnings", report.warnings.map((warning) => `- ${escape(warning)}`)),
  ];
  const resources = folded("Resources", table(["", "resource", "type", "changed"], report.resources.map(({ operation, name, type, properties }) => [operation, `\`${name}\``, type.split(":").slice(-1)[0], properties.join(", ")])));
  let text = head.join("\n");
  let left = 0;
  for (const part of [...report.files.map(file), resources]) {
    if (text.length + part.length > limit) left += 1;
    else text += part;
  }
  return `${text}${left > 0 ? `\n\n${left} longer parts are left out; \`npx pgha plan --stack ${report.stack}\` shows them.` : ""}\n`;
}

function block(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : ["", `**${title}**`, "", ...lines];
}

function table(titles: string[], rows: string[][]): string[] {
  if (rows.length === 0) return [];
  return [titles, titles.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

function folded(title: string, lines: string[]): string {
  return lines.length === 0 ? "" : `\n\n<details><summary>${title}</summary>\n\n${lines.join("\n")}\n\n</details>`;
}

function file({ path, on, added, removed, diff }: FileChange): string {
  // A fence longer than any in the text, so that no file ends it
  const fence = "`".repeat(Math.max(3, ...(diff.match(/`+/g) ?? []).map((run) => run.length + 1)));
  return folded(`<code>${path}</code> on ${names(on)} (+${added} −${removed})`, [`${fence}diff`, ...diff.split("\n").map(shorten), fence]);
}

function escape(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
