import type { Connection } from "../infra/live/postgres/connection";
import { addressOf } from "../infra/live/reach/reach";
import type { Outputs } from "./outputs";

/** How long a command waits for a primary that takes writes. Seconds. */
const PATIENCE = 15;

/** The superuser's way to the primary, through every proxy. */
export function connectionOf({ superuserUrls, caCertificate }: Outputs): Connection {
  return {
    hosts: superuserUrls.map(addressOf),
    caCertificate,
    password: decodeURIComponent(new URL(superuserUrls[0]).password),
    timeout: PATIENCE,
  };
}

export function databasesOf({ cluster }: Outputs): string[] {
  return cluster.databases ?? [cluster.database];
}
