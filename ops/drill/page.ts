import { drawTimeline, escape } from "./chart";
import type { Result } from "./result";
import { Summary, summarize } from "./summary";
import { measuredPath } from "./verdict";
import { formatBudget, formatTime } from "./view";

const style = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1c2430; --dim: #68748a; --line: #e3e7ee; --write: #3b6fd6; --read: #7aa6b8;
  --bad: #d0342c; --warn: #b7791f; --good: #1f8a5b; --gap: #d0342c18; --n0: #cfe0ff; --n1: #d3f0dd; --n2: #ffe4bf; --n3: #ead6f7; }
@media (prefers-color-scheme: dark) { :root { --page: #12161d; --card: #1a202a; --ink: #e4e9f1; --dim: #8d99ad; --line: #2b3442; --write: #6d9bf5; --read: #56808f;
  --bad: #ff6b62; --warn: #e0ad55; --good: #4cc38a; --gap: #ff6b6222; --n0: #28406e; --n1: #23503a; --n2: #5c4420; --n3: #4a3159; } }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 26px; margin: 0; } h2 { font-size: 18px; margin: 0; display: flex; gap: 10px; align-items: center; }
p { margin: 4px 0; } .dim { color: var(--dim); }
section, .overview { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px; margin-top: 20px; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { font-size: 12px; font-weight: 600; color: var(--dim); } th, td { text-align: right; padding: 6px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; } tr:last-child td { border: 0; } a { color: inherit; }
.pill { font-size: 12px; font-weight: 600; border-radius: 99px; padding: 2px 10px; border: 1px solid currentColor; }
.passed { color: var(--good); } .failed { color: var(--bad); } .over-budget { color: var(--warn); }
dl { display: flex; flex-wrap: wrap; gap: 8px 34px; margin: 14px 0; } dt { font-size: 12px; color: var(--dim); } dd { margin: 0; font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; }
dd small { font-size: 13px; font-weight: 400; color: var(--dim); }
svg { width: 100%; min-width: 760px; display: block; } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
svg .name { font-weight: 600; } svg .note, svg .tick { fill: var(--dim); font-size: 11px; } svg .tick { text-anchor: middle; }
.writes { fill: var(--write); } .reads { fill: var(--read); } .failures { fill: var(--bad); } .base { stroke: var(--line); } .grid { stroke: var(--line); stroke-dasharray: 2 4; }
.gap { fill: var(--gap); } svg .gap-label { fill: var(--bad); text-anchor: middle; font-weight: 600; }
.node-0 { fill: var(--n0); } .node-1 { fill: var(--n1); } .node-2 { fill: var(--n2); } .node-3 { fill: var(--n3); } svg .node-label { font-size: 11px; }
.moment { stroke-width: 1.5; } .moment.fault { stroke: var(--bad); } .moment.promotion { stroke: var(--write); } .moment.healing { stroke: var(--warn); } .moment.redundant { stroke: var(--good); }
svg .moment-label.fault { fill: var(--bad); } svg .moment-label.promotion { fill: var(--write); } svg .moment-label.healing { fill: var(--warn); } svg .moment-label.redundant { fill: var(--good); }
details { margin-top: 10px; } li { overflow-wrap: anywhere; }`;

/** One self-contained page: the table of all scenarios, and each run with its timeline. */
export function renderPage(cluster: string, results: Result[]): string {
  const { started, mode } = results[0];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Drill of ${escape(cluster)}</title>
<style>${style}
</style>
<main>
<h1>Drill of ${escape(cluster)}</h1>
<p class="dim">${escape(started.slice(0, 16).replace("T", " "))} UTC · ${escape(mode)} replication · outages as the clients of each path saw them</p>
<div class="overview">${overview(results)}</div>
${results.map(section).join("\n")}
</main>
</html>
`;
}

function overview(results: Result[]): string {
  const heads = ["Scenario", "Runs", "Write outage", "Worst", "Budget", "Client errors", "Lost rows", "Redundant after", "Verdict"];
  const rows = summarize(results).map(({ scenario, runs, outage, errors, lost, redundantAfter, budget, level }) => [
    `<a href="#${scenario}-${results.find((result) => result.scenario === scenario)?.run}">${escape(scenario)}</a>`,
    runs, formatTime(outage.median), formatTime(outage.worst), formatBudget(budget), errors.median, lost, formatTime(redundantAfter.median), pill(level),
  ]);
  const cells = (tag: string, values: (string | number)[]) => `<tr>${values.map((value) => `<${tag}>${value}</${tag}>`).join("")}</tr>`;
  return `<table>${cells("th", heads)}${rows.map((row) => cells("td", row)).join("")}</table>
<p class="dim">Medians through PgBouncer; budget: typical/worst, computed from the timers.</p>`;
}

function section(result: Result): string {
  const { scenario, run, title, paths, rows, budget, redundantAfter, verdict, watched, doubles } = result;
  const measured = paths.find(({ path }) => path === measuredPath);
  const figures: [string, string, string?][] = [
    ["Write outage, PgBouncer", formatTime(measured?.outage ?? NaN), budget && `budget ${formatBudget(budget)}`],
    ...paths.filter(({ path, reads }) => !reads && path !== measuredPath).map(({ path, outage }): [string, string] => [`Write outage, ${path}`, formatTime(outage)]),
    ["Client errors, PgBouncer", String((measured?.errors ?? 0) + (measured?.refused ?? 0))],
    ["Longest stall", formatTime(measured?.stall ?? NaN)],
    ["Acknowledged rows", rows.acknowledged.toLocaleString("en"), `${rows.lost.length} lost`],
    ["Answer lost", String(rows.indeterminate), `${rows.present} of them are there`],
    ["Two nodes at once", watched ? String(doubles.length) : "–", watched ? "times" : "not watched"],
    ["Fully redundant after", formatTime(redundantAfter ?? NaN)],
  ];
  const messages = paths.filter(({ errors, refused }) => errors + refused > 0).map(
    ({ path, errors, refused, messages }) => `<li>${escape(path)}: ${errors} statements failed, ${refused} connections refused. ${escape(messages.join("; "))}</li>`,
  );
  return `<section id="${escape(scenario)}-${run}">
<h2>${escape(scenario)} ${pill(verdict.level)}</h2>
<p class="dim">${escape(title)}</p>
${verdict.reasons.map((reason) => `<p class="${className(verdict.level)}">${escape(reason)}</p>`).join("")}
<dl>${figures.map(([name, value, note]) => `<div><dt>${escape(name)}</dt><dd>${escape(value)}${note ? ` <small>${escape(note)}</small>` : ""}</dd></div>`).join("")}</dl>
${drawTimeline(result)}
${messages.length ? `<details><summary class="dim">What the clients were told</summary><ul>${messages.join("")}</ul></details>` : ""}
</section>`;
}

const className = (level: Summary["level"]) => level.replace(" ", "-");
const pill = (level: Summary["level"]) => `<span class="pill ${className(level)}">${level}</span>`;
