import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fetch } from "undici";
import { UserError } from "../errors";
import { networkAgent } from "./network";

/** A download that failed for a reason outside of this program. */
export class DownloadError extends UserError {
  constructor(
    message: string,
    remedy: string,
    /** Whether nobody answered: what cannot be had now may be had by another way, or later. */
    readonly outOfReach: boolean,
  ) {
    super(message, remedy);
  }
}

export interface DownloadOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds without a word after which a line counts as dead. */
  readonly silence?: number;
  /** Told how far it is. */
  readonly progress?: (text: string) => void;
}

/** Downloads a small text. Throws DownloadError. */
export async function downloadText(url: string, options: DownloadOptions): Promise<string> {
  const chunks: Buffer[] = [];
  await transfer(url, options, async (body) => {
    for await (const chunk of body) chunks.push(chunk as Buffer);
  });
  return Buffer.concat(chunks).toString("utf8");
}

/** Downloads into a file; returns the SHA-256 of what came. Throws DownloadError. */
export async function downloadFile(url: string, file: string, options: DownloadOptions): Promise<string> {
  const digest = createHash("sha256");
  // Opened before: a stream that is broken off may open its file later, when whoever takes it away has been
  const target = await fs.promises.open(file, "w").catch((error) => { throw explain(error, url); });
  const download = transfer(url, options, async (body, total) => {
    let received = 0;
    const counted = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        digest.update(chunk);
        options.progress?.(`${megabytes((received += chunk.length))}${total > 0 ? ` of ${megabytes(total)}` : ""} MB`);
        yield chunk;
      }
    };
    await pipeline(body, counted, target.createWriteStream());
  });
  await download.finally(() => target.close());
  return digest.digest("hex");
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);

async function transfer(
  given: string,
  { env, silence = 30_000 }: DownloadOptions,
  receive: (body: Readable, total: number) => Promise<void>,
): Promise<void> {
  const { url, authorization } = withoutPassword(given);
  const agent = networkAgent(env, silence);
  try {
    const headers = { "accept-encoding": "identity", ...authorization };
    const response = await fetch(url, { dispatcher: agent, headers });
    if (!response.ok || response.body === null) throw refusal(url, response.status, response.headers.get("retry-after"));
    if (url.startsWith("https:") && !response.url.startsWith("https:"))
      throw new DownloadError(`${url} leads to ${response.url}, which is not encrypted`, "use another mirror", false);
    await receive(Readable.fromWeb(response.body), Number(response.headers.get("content-length") ?? 0));
  } catch (error) {
    throw explain(error, url);
  } finally {
    // Not closed: what hangs must not hold us
    await agent.destroy().catch(() => undefined);
  }
}

/** An address that may be shown, and what its user and password become. */
function withoutPassword(given: string): { url: string; authorization?: { authorization: string } } {
  const url = new URL(given);
  const user = [url.username, url.password].map(decodeURIComponent).join(":");
  url.username = url.password = "";
  if (user === ":") return { url: url.href };
  return { url: url.href, authorization: { authorization: `Basic ${Buffer.from(user).toString("base64")}` } };
}

function refusal(url: string, status: number, retryAfter: string | null): DownloadError {
  const wait = /^\d+$/.test(retryAfter ?? "") ? `in ${retryAfter} s` : "in some minutes";
  const remedy =
    status === 429 || status >= 500
      ? `try again ${wait}`
      : status === 404
        ? "a mirror has to hold it under this very name"
        : "whoever runs that host, or the proxy before it, can say why";
  return new DownloadError(`${url} answered ${status}`, remedy, false);
}

const nobodyAnswered =
  /^(ENOTFOUND|EAI_AGAIN|ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT|UND_ERR_SOCKET)$/;
const untrusted = /CERT|SELF_SIGNED|UNABLE_TO|^ERR_TLS|^ERR_SSL|^UND_ERR_PRX_TLS/;
const noRoom = /^(ENOSPC|EDQUOT|EROFS|EACCES|EPERM)$/;

/** Says what a failure means and what helps; what is none of the known ones is a bug and stays as it is. */
export function explain(error: unknown, url: string): unknown {
  if (error instanceof UserError) return error;
  const failure = innermost(error);
  const { code = "" } = failure;
  const { host } = new URL(url);
  const reason = `${host} is out of reach: ${failure.message || code}`;
  const retry = "see that the network is up (a proxy: HTTPS_PROXY=http://proxy:port), then run the command again";
  if (/Proxy.*\b407\b/.test(failure.message))
    return new DownloadError(
      `the proxy wants a password for ${host} (407)`,
      "HTTPS_PROXY=http://user:password@proxy:port, with what is special in them written as %xx",
      false,
    );
  if (/^Proxy response/.test(failure.message)) return new DownloadError(reason, "whoever runs the proxy can say why", false);
  if (nobodyAnswered.test(code)) return new DownloadError(reason, retry, true);
  if (untrusted.test(code))
    return new DownloadError(
      `the certificate of ${host} is not trusted (${failure.message})`,
      "where a company's proxy looks into TLS: NODE_EXTRA_CA_CERTS=<file with its authority, PEM>",
      false,
    );
  if (noRoom.test(code))
    return new DownloadError(`the download cannot be written: ${failure.message}`, "make room, then run the command again", false);
  return error;
}

/** fetch wraps what happened, and several tried addresses are wrapped once more. */
function innermost(error: unknown): NodeJS.ErrnoException {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0]);
  const { cause } = error as { cause?: unknown };
  return cause instanceof Error ? innermost(cause) : error instanceof Error ? error : new Error(String(error));
}
