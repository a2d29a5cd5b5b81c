import * as https from "../infra/live/https";

export interface Answer extends https.Answer {
  /** The server's own clock. */
  date: Date;
}

export type RequestOptions = Pick<https.Request, "ca" | "timeout">;

/** GET over verified TLS; user and password of the URL go into the header. Throws without quoting the URL. */
export async function get(url: string, { ca, timeout }: RequestOptions): Promise<Answer> {
  const { hostname: host, port, pathname, search, username, password } = new URL(url);
  const auth = username ? `${decodeURIComponent(username)}:${decodeURIComponent(password)}` : undefined;
  const answer = await https.request({ host, port, path: pathname + search, auth, ca, timeout });
  return { ...answer, date: answer.headers.date ? new Date(answer.headers.date) : new Date() };
}
