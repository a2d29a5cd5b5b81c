import { TLSSocket } from "node:tls";
import { Client } from "pg";
import * as pgha from "../clients/node/pgha";
import { Host } from "../clients/node/pgha";

export { hangUp, Host, parsePostgresUrl } from "../clients/node/pgha";

/** What may be on a screen: user, hosts and database, without password and parameters. */
export function maskUrl(url: string): string {
  return url.replace(/^(\w+:\/\/[^:/@]*):[^@]*@/, "$1@").replace(/\?.*$/, "");
}

export interface Connected {
  client: Client;
  /** The one that answered. */
  at: Host;
  /** Until when the certificate that it served is valid. */
  validTo: Date;
}

export interface ConnectOptions {
  /** PEM; every server's certificate must be of this authority and name the host. */
  ca: string;
  /** For each host, and for each query afterwards. Milliseconds. */
  timeout: number;
}

/** Connects to the first host that takes the connection; throws what each one answered. */
export async function connect(url: string, { ca, timeout }: ConnectOptions): Promise<Connected> {
  const client = await pgha.connect(url, { ssl: { ca }, application_name: "pgha", connectionTimeoutMillis: timeout, query_timeout: timeout });
  const { host, port } = client;
  const validTo = new Date((client.connection.stream as TLSSocket).getPeerCertificate().valid_to);
  return { client, at: { host, port }, validTo };
}

/** A server is known by its certificate, behind whichever proxy it is. */
export function hostOf(client: Client): string {
  const { stream } = (client as unknown as { connection: { stream: TLSSocket } }).connection;
  return stream.getPeerCertificate().subjectaltname?.match(/DNS:([^,\s]+)/)?.[1] ?? "unnamed";
}
