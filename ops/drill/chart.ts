import { Span } from "./measure";
import type { Moment, PathResult, Result } from "./result";
import { step } from "./report";
import { formatTime } from "./view";

const gutter = 112;
const width = 1120;
const lane = 46;
const laneGap = 12;
/** Gaps shorter than this are not worth a label. Milliseconds. */
const worthShowing = 400;

type Scale = (at: number) => number;

/** The timeline of a run as SVG: answers per path, failures below them, who takes writes, and what happened when. */
export function drawTimeline(result: Result): string {
  const { end, fault, moments, paths, nodes } = result;
  const x: Scale = (at) => round(gutter + (Math.min(at, end) / end) * (width - gutter - 8));
  const top = 14 + 16 * moments.length;
  const lanes = paths.map((path, index) => drawPath(path, x, top + index * (lane + laneGap), fault));
  const nodeTop = top + paths.length * (lane + laneGap) + 4;
  const bottom = nodeTop + (nodes.length ? 26 : 0);
  return [
    `<svg viewBox="0 0 ${width} ${bottom + 26}" role="img" aria-label="${escape(`Timeline of ${result.scenario}`)}">`,
    ...drawAxis(x, end, fault, top, bottom),
    ...lanes,
    nodes.length ? drawNodes(result, x, nodeTop) : "",
    ...drawMoments(moments, x, bottom),
    "</svg>",
  ].join("\n");
}

function drawPath({ path, outage, gap, perStep, errorsPerStep, reads }: PathResult, x: Scale, top: number, fault: number): string {
  const base = top + lane - 10;
  const most = Math.max(1, ...perStep);
  const mostErrors = Math.max(1, ...errorsPerStep);
  const failures = errorsPerStep.flatMap((count, index) =>
    count === 0 ? [] : [`<rect x="${x(index * step)}" y="${base + 1}" width="2" height="${round(2 + (count / mostErrors) * 7)}"><title>${count} failed at ${formatTime((index * step - fault) / 1000)} after the fault</title></rect>`],
  );
  return [
    `<text class="name" x="0" y="${base - 8}">${escape(path)}</text><text class="note" x="0" y="${base + 5}">${formatTime(outage)} without</text>`,
    gap.to - gap.from >= worthShowing ? drawGap(gap, x, top, base) : "",
    `<path class="${reads ? "reads" : "writes"}" d="${steps(perStep, x, base, (lane - 14) / most)}"><title>${escape(path)}: up to ${most} answers in ${step} ms</title></path>`,
    `<line class="base" x1="${gutter}" x2="${width - 8}" y1="${base}" y2="${base}"/>`,
    `<g class="failures">${failures.join("")}</g>`,
  ].join("\n");
}

function drawGap(gap: Span, x: Scale, top: number, base: number): string {
  const [from, to] = [x(gap.from), x(gap.to)];
  const text = formatTime((gap.to - gap.from) / 1000);
  const label = to - from > 40 ? `<text class="gap-label" x="${round((from + to) / 2)}" y="${base - 10}">${text}</text>` : "";
  return `<rect class="gap" x="${from}" y="${top}" width="${round(to - from)}" height="${base - top}"><title>nothing for ${text}</title></rect>${label}`;
}

/** The outline of columns, closed along the base. */
function steps(counts: number[], x: Scale, base: number, unit: number): string {
  const columns = counts.map((count, index) => `V${round(base - count * unit)}H${x((index + 1) * step)}`);
  return `M${x(0)} ${base}${columns.join("")}V${base}Z`;
}

function drawNodes({ nodes }: Result, x: Scale, top: number): string {
  const names = [...new Set(nodes.map(({ node }) => node))].sort();
  const bands = nodes.map(({ node, from, to }) => {
    const wide = Math.max(2, round(x(to) - x(from)));
    const label = wide > 8 * node.length ? `<text class="node-label" x="${x(from) + 6}" y="${top + 12}">${escape(node)}</text>` : "";
    return `<rect class="node node-${names.indexOf(node) % 4}" x="${x(from)}" y="${top}" width="${wide}" height="17" rx="3"><title>${escape(node)} takes writes</title></rect>${label}`;
  });
  return `<text class="name" x="0" y="${top + 12}">takes writes</text>${bands.join("")}`;
}

function drawMoments(moments: Moment[], x: Scale, bottom: number): string[] {
  return moments.map(({ at, kind, text }, index) => {
    const y = 12 + 16 * index;
    const left = x(at) > width * 0.62;
    const label = `<text class="moment-label ${kind}" x="${x(at) + (left ? -5 : 5)}" y="${y}"${left ? ' text-anchor="end"' : ""}>${escape(text)}</text>`;
    return `<line class="moment ${kind}" x1="${x(at)}" x2="${x(at)}" y1="${y - 9}" y2="${bottom}"/>${label}`;
  });
}

/** Seconds since the fault, on round numbers. */
function drawAxis(x: Scale, end: number, fault: number, top: number, bottom: number): string[] {
  const every = [1, 2, 5, 10, 20, 30, 60, 120, 300].find((seconds) => end / 1000 / seconds <= 16) ?? 600;
  const first = Math.ceil(-fault / 1000 / every) * every;
  const ticks: string[] = [];
  for (let second = first; fault + second * 1000 <= end; second += every) {
    const at = x(fault + second * 1000);
    ticks.push(`<line class="grid" x1="${at}" x2="${at}" y1="${top}" y2="${bottom}"/><text class="tick" x="${at}" y="${bottom + 16}">${second === 0 ? "0 s" : second}</text>`);
  }
  return ticks;
}

/** For text and attributes of HTML and SVG. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}
