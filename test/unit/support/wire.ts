/** One message of the Postgres protocol: strings end with a zero byte, numbers are bytes. */
export function message(type: string, ...parts: (string | number[])[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(`${part}\0`) : Buffer.from(part))));
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Takes the next statement, outside of a transaction. */
export const ready = message("Z", [0x49]);
