export type Tone = "good" | "warn" | "bad" | "dim" | "bold";
export type Paint = (text: string, tone: Tone) => string;

const codes: Record<Tone, number> = { good: 32, warn: 33, bad: 31, dim: 2, bold: 1 };

/** For pipes, files and NO_COLOR (https://no-color.org). */
export const plain: Paint = (text) => text;
export const coloured: Paint = (text, tone) => `\x1b[${codes[tone]}m${text}\x1b[0m`;

export interface Screen {
  paint: Paint;
  /** Columns; Infinity where nobody looks. */
  width: number;
}

/** What an output stream can show. */
export function screenOf(stream: { isTTY?: boolean; columns?: number }, env: NodeJS.ProcessEnv = process.env): Screen {
  const terminal = stream.isTTY === true;
  const colours = terminal && !env.NO_COLOR && env.TERM !== "dumb";
  return { paint: colours ? coloured : plain, width: terminal ? (stream.columns ?? 80) : Infinity };
}

/** What a command found, on standard output: for people as text, for programs as JSON. */
export function print(json: boolean, value: unknown, text: () => string): void {
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : text());
}

/** A line for whoever waits, beside what programs read. */
export const say = (line: string) => void process.stderr.write(`${line}\n`);
