/** Something that has rows to commit before the process ends. */
interface Writer {
  close(): Promise<void>;
}

const events = ["beforeExit", "SIGINT", "SIGTERM"];
const open = new Set<Writer>();

/** Closes it before the process ends: by itself, or by a signal. The process waits for all of them; a second signal ends it at once. */
export function flushOnExit(writer: Writer): void {
  if (open.size === 0) for (const event of events) process.once(event, leave);
  open.add(writer);
}

export function forget(writer: Writer): void {
  open.delete(writer);
  if (open.size === 0) for (const event of events) process.off(event, leave);
}

async function leave(signal: NodeJS.Signals | number): Promise<void> {
  const said = (error: Error) => void process.stderr.write(`pgha/logs: rows were not committed: ${error.message}\n`);
  await Promise.all([...open].map((writer) => writer.close().catch(said)));
  if (typeof signal === "string" && process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
