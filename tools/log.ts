/** One step of a command, as the person who waits for it sees it. */
export interface Step {
  /** Says what is being made, because it was not there. */
  making(what: string): void;
  /** The latest sign of life of what is being made. */
  progress(text: string): void;
}

export interface Log {
  /** Runs one step; `work` returns what was found or made. */
  step(title: string, work: (step: Step) => Promise<string>): Promise<void>;
  note(text: string): void;
}

/** Seconds between two signs of life where the output is no terminal. */
const interval = 15;

/** Writes numbered steps to a stream; when `quiet`, only what is being made and what went wrong. */
export function createLog(stream: NodeJS.WriteStream, { quiet = false } = {}): Log {
  const terminal = stream.isTTY === true;
  const write = (text: string) => stream.write(`${terminal ? "\r\x1b[K" : ""}${text}\n`);
  let number = 0;
  return {
    note: (text) => write(`  ${text}`),
    async step(title, work) {
      const label = `${String(++number).padStart(2)} ${title}`;
      const started = Date.now();
      const seconds = () => (Date.now() - started) / 1000;
      let making = "";
      let latest = "";
      const show = () => {
        if (quiet && !making) return;
        const text = `   … ${title}: ${Math.round(seconds())} s ${latest}`;
        if (terminal) stream.write(`\r\x1b[K${text.slice(0, (stream.columns ?? 80) - 1)}`);
        else if (making) stream.write(`${text}\n`);
      };
      const timer = setInterval(show, terminal ? 1000 : interval * 1000);
      try {
        const result = await work({
          making: (what) => write(`   … ${(making = what)}`),
          progress: (text) => void (latest = text),
        });
        if (!quiet || making) write(`✔ ${label}: ${result} (${seconds().toFixed(1)} s)`);
      } catch (error) {
        write(`✘ ${label}`);
        throw error;
      } finally {
        clearInterval(timer);
      }
    },
  };
}
