import { themes } from "./checks";
import { places } from "./view";

/** The table of docs/doctor.md. */
export function tableOfChecks(): string {
  const rows = Object.entries(themes).flatMap(([theme, checks]) => [
    `| **${theme}** | | | |`,
    ...checks.map(({ id, title, severity, needs }) => `| \`${id}\` | ${title} | ${severity} | ${places[needs]} |`),
  ]);
  return ["| Check | Finds | Severity | Looks at |", "| --- | --- | --- | --- |", ...rows, ""].join("\n");
}
