import type { Connection } from "../infra/database/connection";
import type { Outputs } from "./outputs";

/** How long a command waits for a primary that takes writes. Seconds. */
const PATIENCE = 15;

/** The superuser's way to the primary, through every proxy. */
export function connectionOf({ superuserUrls, caCertificate }: Outputs): Connection {
  const urls = superuserUrls.map((url) => new URL(url));
  return {
    hosts: urls.map(({ hostname, port }) => ({ host: hostname, port: Number(port) })),
    caCertificate,
    password: decodeURIComponent(urls[0].password),
    timeout: PATIENCE,
  };
}

export function databasesOf({ cluster }: Outputs): string[] {
  return cluster.databases ?? [cluster.database];
}
