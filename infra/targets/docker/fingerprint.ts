import { createHash } from "node:crypto";

/** The label of a container that says what went into it. */
export const FINGERPRINT = "pgha.fingerprint";

/** A hash of all that goes into a container: no secret can be read from it, and another one means another container. */
export function fingerprint(parts: object): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}
