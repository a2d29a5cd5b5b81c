import type { Access } from "../access";
import type { Address } from "../../cluster/endpoints";
import { request } from "../https";

export type Json = { [key: string]: unknown };

/** Patroni answered, and not with success. */
export class Answered extends Error {
  constructor(readonly status: number | undefined, message: string) {
    super(message);
  }
}

/** One call of Patroni's REST API; throws Answered where it answers anything but success. `seconds` is for the whole answer. */
export async function call(access: Access, { host, port }: Address, method: string, path: string, body?: Json, seconds = 60): Promise<Json> {
  const { authority, certificate, key } = access;
  const late = `Patroni at ${host}:${port} did not answer ${method} ${path} within ${seconds} s`;
  const options = { host, port, method, path, ca: authority, cert: certificate, key, body: body && JSON.stringify(body) };
  const { status, body: text } = await request({ ...options, timeout: seconds * 1000, late });
  if (status < 300) return text.startsWith("{") ? JSON.parse(text) : { text };
  throw new Answered(status, `Patroni at ${host}:${port} answered ${method} ${path} with ${status}: ${text.trim()}`);
}

/** The first answer of any member: all of them know the whole cluster. */
export async function ask(access: Access, method: string, path: string, body?: Json, seconds?: number): Promise<Json> {
  const errors: string[] = [];
  for (const address of access.patroni) {
    try {
      return await call(access, address, method, path, body, seconds);
    } catch (error) {
      errors.push((error as Error).message);
    }
  }
  throw new Error(`no member of the cluster answered: ${errors.join("; ")}`);
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Waits until every server takes queries and every standby streams; names those that do not after `seconds`. */
export async function waitUntilReady(access: Access, seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  let waiting = access.patroni;
  for (;;) {
    const answers = await Promise.all(
      waiting.map((address) => call(access, address, "GET", "/readiness", undefined, 5).then(() => "", (error: Error) => error.message)),
    );
    waiting = waiting.filter((_, index) => answers[index]);
    if (!waiting.length) return;
    if (Date.now() > deadline) throw new Error(`not ready after ${seconds} s, see the log of the server: ${answers.filter(Boolean).join("; ")}`);
    await pause(200);
  }
}
