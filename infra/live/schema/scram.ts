import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

const ITERATIONS = 4096;
const SHAPE = /^SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$/;

/**
 * What PostgreSQL stores instead of a password (RFC 5803, its `rolpassword`), so that the password itself never travels.
 * Takes printable ASCII only, where the RFC's SASLprep changes nothing; throws otherwise.
 */
export function scramVerifier(password: string, salt = randomBytes(16), iterations = ITERATIONS): string {
  if (!/^[\x20-\x7e]+$/.test(password)) throw new Error("a password must be one or more printable ASCII characters");
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey}:${hmac("Server Key").toString("base64")}`;
}

/** Whether a stored verifier is one of this password. */
export function verifies(verifier: string | null, password: string): boolean {
  const [, iterations, salt] = verifier?.match(SHAPE) ?? [];
  if (!verifier || !salt) return false;
  const expected = Buffer.from(scramVerifier(password, Buffer.from(salt, "base64"), Number(iterations)));
  const found = Buffer.from(verifier);
  return expected.length === found.length && timingSafeEqual(expected, found);
}
