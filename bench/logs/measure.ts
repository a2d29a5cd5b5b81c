import { monitorEventLoopDelay } from "node:perf_hooks";
import { LogWriter, type LogRecord, type LogWriterOptions } from "../../clients/node/logs";

export interface Measured {
  name: string;
  rows: number;
  seconds: number;
  rowsPerSecond: number;
  /** Of batches: from sent to committed where rows come as fast as they go, from complete to committed where they come steadily. Milliseconds. */
  p50?: number;
  p95?: number;
  p99?: number;
  max?: number;
  /** How late this process itself ran, meanwhile: what of p99 no server can mend. Milliseconds. */
  loopP99?: number;
}

export function quantile(sorted: number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

export function measured(name: string, rows: number, seconds: number, milliseconds: number[] = []): Measured {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const round = (value: number) => Math.round(value * 10) / 10;
  const quantiles = sorted.length ? { p50: round(quantile(sorted, 0.5)), p95: round(quantile(sorted, 0.95)), p99: round(quantile(sorted, 0.99)), max: round(sorted.at(-1)!) } : {};
  return { name, rows, seconds, rowsPerSecond: Math.round(rows / seconds), ...quantiles };
}

/** Writes all rows as fast as they go, by so many writers at once, each with its share. */
export async function writeFast(name: string, url: string, rows: LogRecord[], writers: number, options: Omit<LogWriterOptions, "source">): Promise<Measured> {
  const milliseconds: number[] = [];
  const open = await Promise.all(Array.from({ length: writers }, (_, index) => LogWriter.open(url, {
    ...options, source: `bench-${index}`, batchBytes: 2 ** 30, joinRows: 0, flushOnExit: false, queueRows: 2 * options.batchRows!,
    onBatch: (batch) => void milliseconds.push(batch.sending),
  })));
  const started = performance.now();
  await Promise.all(open.map(async (writer, index) => {
    for (let n = index; n < rows.length; n += writers) {
      const room = writer.write(rows[n]);
      if (room) await room;
    }
    await writer.flush();
  }));
  const seconds = (performance.now() - started) / 1000;
  await Promise.all(open.map((writer) => writer.close()));
  return measured(name, rows.length, seconds, milliseconds);
}

/** A batch of `size` rows at even distances, so that `rowsPerSecond` come: what a service sees that logs all the time. */
export async function writeSteadily(name: string, url: string, rows: LogRecord[], size: number, rowsPerSecond: number, options: LogWriterOptions["connection"]): Promise<Measured> {
  const milliseconds: number[] = [];
  const writer = await LogWriter.open(url, {
    source: "bench-steady", batchRows: size, queueRows: rowsPerSecond, flushOnExit: false, connection: options,
    // Batches that waited for the one before go together: each counts, with the wait of the oldest
    onBatch: (batch) => void milliseconds.push(...Array<number>(batch.rows / size).fill(batch.milliseconds)),
  });
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const started = performance.now();
  for (let n = 0; n < rows.length; ) {
    const due = Math.min(rows.length, Math.floor(((performance.now() - started) / 1000) * rowsPerSecond / size) * size);
    for (; n < due; n++) {
      const room = writer.write(rows[n]);
      if (room) await room;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await writer.flush();
  const seconds = (performance.now() - started) / 1000;
  loop.disable();
  await writer.close();
  // The first second warms the server's caches of catalogues and plans
  const result = measured(name, rows.length, seconds, milliseconds.slice(Math.ceil(rowsPerSecond / size)));
  return { ...result, loopP99: Math.round(loop.percentile(99) / 1e5) / 10 };
}
