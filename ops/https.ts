import type { IncomingHttpHeaders } from "node:http";
import * as https from "node:https";
import { TLSSocket } from "node:tls";

export interface Answer {
  status: number;
  body: string;
  /** The server's own clock. */
  date: Date;
  validTo: Date;
  headers: IncomingHttpHeaders;
}

export interface RequestOptions {
  /** PEM; the server's certificate must be of this authority and name the host. */
  ca: string;
  /** For the whole answer. Milliseconds. */
  timeout: number;
}

/** GET over verified TLS; user and password of the URL go into the header. Throws without quoting the URL. */
export function get(url: string, { ca, timeout }: RequestOptions): Promise<Answer> {
  const { hostname, port, pathname, search, username, password } = new URL(url);
  return new Promise((resolve, reject) => {
    const auth = username ? `${decodeURIComponent(username)}:${decodeURIComponent(password)}` : undefined;
    const options = { hostname, port, path: pathname + search, auth, ca, agent: false };
    const request = https.get(options, (response) => {
      const validTo = new Date((response.socket as TLSSocket).getPeerCertificate().valid_to);
      const date = response.headers.date ? new Date(response.headers.date) : new Date();
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.once("error", reject).once("end", () => resolve({ status: response.statusCode ?? 0, body, date, validTo, headers: response.headers }));
    });
    const timer = setTimeout(() => request.destroy(new Error("timeout")), timeout);
    request.once("error", reject).once("close", () => clearTimeout(timer));
  });
}
