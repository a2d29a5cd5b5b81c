import { NoHostError } from "../clients/node/pgha";

const words: Record<string, string> = {
  ECONNREFUSED: "refused: nothing listens there",
  ECONNRESET: "closed the connection",
  ENOTFOUND: "has no address: no such host",
  EHOSTUNREACH: "cannot be reached: no route",
  CERT_HAS_EXPIRED: "has an expired certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "has a certificate of another authority",
  SELF_SIGNED_CERT_IN_CHAIN: "has a certificate of another authority",
  ERR_TLS_CERT_ALTNAME_INVALID: "has a certificate for another name",
};

/** Why a server gave no answer, in words that go after its name; an address tried over IPv6 and IPv4 failed once. */
export function describeFailure(error: unknown): string {
  if (error instanceof NoHostError) return describeAttempts(error);
  const { code, message, errors } = error as { code?: string; message?: string; errors?: unknown[] };
  if (code !== undefined && words[code]) return words[code];
  if (errors?.length) return describeFailure(errors[0]);
  if (/time-?out/i.test(message ?? "")) return "gave no answer in time";
  if (/Connection terminated/.test(message ?? "")) return "closed the connection";
  return message ? `says: ${message.split("\n")[0]}` : (code ?? "failed");
}

/** Each host's failure, with its name where there are several. */
function describeAttempts({ attempts }: NoHostError): string {
  const name = ({ host, port }: NoHostError["attempts"][number]["at"]) => (attempts.length > 1 ? `${host}:${port} ` : "");
  return attempts.map(({ at, error }) => `${name(at)}${describeFailure(error)}`).join("; ");
}
