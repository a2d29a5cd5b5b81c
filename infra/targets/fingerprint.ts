import { createHash } from "node:crypto";

/** A hash of all that goes into something: no secret can be read from it, and another one means another thing. */
export function fingerprint(parts: object): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}
