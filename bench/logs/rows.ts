import { prepare, type LogRecord } from "../../clients/node/logRecords";

const levels = ["info", "info", "info", "debug", "warn", "error"];

/** Rows as a web service logs them, the same ones each time: 20 applications, about 190 bytes of text each. */
export function makeRows(count: number, from: number, stepMilliseconds: number): LogRecord[] {
  return Array.from({ length: count }, (_, n) => ({
    appName: `app-${n % 20}`,
    level: levels[n % levels.length],
    message: `GET /api/v1/orders/${n * 7919} answered 200 in ${n % 997} ms for customer ${n % 10_007} from 10.${n % 256}.${(n >> 8) % 256}.7 over HTTP/2`,
    metadata: { request: `r-${n.toString(36)}`, host: `web-${n % 50}`, milliseconds: n % 997 },
    createdAt: new Date(from + n * stepMilliseconds).toISOString(),
  }));
}

export const sizeOf = (rows: LogRecord[]) => rows.reduce((bytes, row) => bytes + prepare(row).bytes, 0) / rows.length;
