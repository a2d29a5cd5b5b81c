import widthOf from "string-width";
import { Paint, Tone } from "./terminal";

export interface Cell {
  text: string;
  tone?: Tone;
}

export interface Column {
  title: string;
  align?: "left" | "right";
  /** Where the screen is too narrow the highest goes first; 0, the default, stays and is cut at last. */
  spare?: number;
}

const gap = "  ";
const characters = new Intl.Segmenter();

/** Lines of a table no wider than `width`: leaves out spare columns first, then cuts what is too long. */
export function layOut(columns: Column[], rows: Cell[][], width: number, paint: Paint): string[] {
  const widths = columns.map(({ title }, index) => Math.max(...[title, ...rows.map((row) => row[index].text)].map(widthOf)));
  const kept = columns.map((_, index) => index);
  const total = () => kept.reduce((sum, index) => sum + widths[index], gap.length * kept.length);
  while (total() > width) {
    const sparest = Math.max(...kept.map((index) => columns[index].spare ?? 0));
    if (sparest === 0) break;
    kept.splice(kept.findLastIndex((index) => columns[index].spare === sparest), 1);
  }
  while (total() > width) {
    const longest = kept.reduce((a, b) => (widths[b] > widths[a] ? b : a));
    if (widths[longest] <= 8) break;
    widths[longest] = Math.max(8, widths[longest] - (total() - width));
  }
  const line = (cells: Cell[]) =>
    gap + kept.map((index) => pad(cells[index], widths[index], columns[index].align, paint)).join(gap).trimEnd();
  return [line(columns.map(({ title }) => ({ text: title, tone: "dim" }))), ...rows.map(line)];
}

function pad({ text, tone }: Cell, width: number, align: Column["align"], paint: Paint): string {
  const cut = widthOf(text) > width ? `${beginning(text, width - 1)}…` : text;
  const space = " ".repeat(width - widthOf(cut));
  const shown = tone === undefined || cut === "" ? cut : paint(cut, tone);
  return align === "right" ? space + shown : shown + space;
}

/** As many whole characters, as a person counts them, as fit. */
function beginning(text: string, width: number): string {
  let kept = "";
  for (const { segment } of characters.segment(text)) {
    if (widthOf(kept + segment) > width) break;
    kept += segment;
  }
  return kept;
}
