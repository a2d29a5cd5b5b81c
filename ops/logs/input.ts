import type { LogRecord } from "../../clients/node/logs";
import { toRecord, type Defaults } from "./inputRecord";

/** One row of the input, and the byte after it. Where it is none, `error` says why. */
export interface Row {
  record?: LogRecord;
  error?: string;
  /** Bytes of a last one without a line end, which may be half written. */
  waits?: number;
  end: number;
}

export interface Reading extends Defaults {
  /** The byte at which the input begins. */
  from: number;
  /** Whether the last row is whole without a line end. */
  whole: boolean;
}

/** Bytes of one row: what the writer takes. */
export const MOST = 2 ** 26;
const LINE_END = 0x0a;

/** Rows of newline-delimited JSON. A last line without a line end is taken where it is a JSON object. */
export async function* readNdjson(input: AsyncIterable<Buffer>, { from, whole, ...defaults }: Reading): AsyncGenerator<Row> {
  let [end, size, pieces]: [number, number, Buffer[]] = [from, 0, []];
  const add = (piece: Buffer) => {
    end += piece.length;
    size += piece.length;
    // What is too long is not kept
    if (size > MOST) pieces = [];
    else pieces.push(piece);
  };
  const take = (): Row | undefined => {
    const [text, bytes] = [Buffer.concat(pieces).toString().trim(), size];
    [size, pieces] = [0, []];
    if (bytes > MOST) return { error: "is longer than 64 MiB", end };
    return text ? { ...readLine(text, defaults), end } : undefined;
  };
  for await (const chunk of input) {
    let start = 0;
    for (let stop = chunk.indexOf(LINE_END); stop >= 0; stop = chunk.indexOf(LINE_END, start)) {
      add(chunk.subarray(start, stop + 1));
      start = stop + 1;
      const row = take();
      if (row) yield row;
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  const waits = size;
  const last = take();
  if (last) yield last.record || whole ? last : { waits, end };
}

function readLine(line: string, defaults: Defaults): Pick<Row, "record" | "error"> {
  try {
    const value = JSON.parse(line) as unknown;
    if (!value || typeof value !== "object" || Array.isArray(value)) return { error: "is no JSON object" };
    return toRecord(value as Record<string, unknown>, membersOf(line), defaults);
  } catch (error) {
    return { error: `is no JSON: ${(error as Error).message}` };
  }
}

/** Each member of a JSON object as it is written: to parse a number and to write it again may change its digits. */
export function membersOf(json: string): Map<string, string> {
  const members = new Map<string, string>();
  let [depth, start, colon] = [0, 0, 0];
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '"') at = endOfString(json, at);
    else if (character === "[") depth++;
    else if (character === "{" && ++depth === 1) start = at + 1;
    else if (character === ":" && depth === 1 && colon < start) colon = at;
    else if ((character === "," && depth === 1) || ((character === "}" || character === "]") && --depth === 0)) {
      if (colon >= start && colon) members.set(JSON.parse(json.slice(start, colon)) as string, json.slice(colon + 1, at).trim());
      start = at + 1;
    }
  }
  return members;
}

function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); ; end = json.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (json[end - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}
