import type { IncomingHttpHeaders } from "node:http";
import * as https from "node:https";
import type { TLSSocket } from "node:tls";

export interface Answer {
  status: number;
  body: string;
  headers: IncomingHttpHeaders;
  /** When the server's certificate ends. */
  validTo: Date;
}

export interface Request extends Pick<https.RequestOptions, "method" | "auth" | "cert" | "key"> {
  host: string;
  port: number | string;
  path: string;
  /** PEM; the server's certificate must be of this authority and name the host. */
  ca: string;
  body?: string;
  /** For the whole answer. Milliseconds. */
  timeout: number;
  /** Instead of "timeout", where that is over. */
  late?: string;
}

/** One request over verified TLS, on a connection of its own. Throws where no whole answer comes in time; any status is one. */
export function request({ body, timeout, late = "timeout", ...options }: Request): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = https.request({ ...options, agent: false }, (response) => {
      const { statusCode = 0, headers } = response;
      const validTo = new Date((response.socket as TLSSocket).getPeerCertificate().valid_to);
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.once("error", reject).once("end", () => resolve({ status: statusCode, body: text, headers, validTo }));
    });
    const timer = setTimeout(() => asked.destroy(new Error(late)), timeout);
    asked.once("error", reject).once("close", () => clearTimeout(timer));
    asked.end(body);
  });
}
