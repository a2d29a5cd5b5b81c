import * as net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import * as pgha from "../../clients/node/pgha";
import type { Outputs } from "../outputs";
import { Way } from "./checker";
import { parsePostgresUrl } from "../postgresUrl";
import { Site } from "./site";

/** Where each server of the cluster is, kept up to date: a container that is started again may get another address. */
export class AddressBook {
  private known = new Map<string, string>();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly site: Site, private readonly hosts: string[]) {
    this.timer = setInterval(() => void this.refresh().catch(() => undefined), 1000);
  }

  async refresh(): Promise<void> {
    this.known = await this.site.addresses(this.hosts);
  }

  get all(): string[] {
    return [...this.known.values()];
  }

  of(host: string): string | undefined {
    return this.known.get(host);
  }

  close(): void {
    clearInterval(this.timer);
  }
}

/** Whether this machine reaches the containers themselves, as on Linux. */
export async function reachable(addresses: string[]): Promise<boolean> {
  const tries = addresses.map(
    (host) =>
      new Promise<boolean>((resolve) => {
        const socket = net.connect({ host, port: 5432, timeout: 1000 });
        const answer = (yes: boolean) => (socket.destroy(), resolve(yes));
        socket.once("connect", () => answer(true)).once("error", () => answer(false)).once("timeout", () => answer(false));
      }),
  );
  return (await Promise.all(tries)).some(Boolean);
}

/** Milliseconds after which a client gives a statement up: long where the way itself notices what is lost, short where nothing does. */
const patience = { pgbouncer: 120_000, haproxy: 30_000, direct: 5000 };

/** Every way that clients have; the direct one takes whichever node is the primary. */
export function waysOf(outputs: Outputs, book: AddressBook | undefined): Way[] {
  const ssl = { ca: outputs.caCertificate };
  const through = (name: string, url: string, reads: boolean, query_timeout: number, connectionTimeoutMillis?: number): Way => ({
    name,
    reads,
    connect: () => pgha.connect(url, { ssl, query_timeout, connectionTimeoutMillis, application_name: `pgha drill ${name}` }),
  });
  const direct: Way[] = book ? [{ name: "direct", reads: false, connect: () => connectDirect(outputs, book.all, true, patience.direct) }] : [];
  return [
    through("pgbouncer", outputs.writeUrl, false, patience.pgbouncer),
    through("haproxy", outputs.haproxyWriteUrl, false, patience.haproxy, 5000),
    ...direct,
    ...loginUrls(outputs).map((url) => ({ ...through("pgbouncer login", url, false, patience.pgbouncer), logsIn: true })),
    through("pgbouncer read", outputs.readUrl, true, patience.pgbouncer),
    through("haproxy read", outputs.haproxyReadUrl, true, patience.haproxy, 5000),
  ];
}

/** A role of the application database that is not the application's own, as further applications have; the one for migrations acts as another. */
export function loginUrls({ roleUrls = {}, cluster }: Pick<Outputs, "roleUrls" | "cluster">): string[] {
  const others = Object.entries(roleUrls).filter(([name]) => name !== `${cluster.database}_migrator`);
  return others.map(([, { write }]) => write).filter((url) => parsePostgresUrl(url).database === cluster.database).slice(0, 1);
}

/** To the first of these servers that takes the connection; with `writable`, and writes. */
export async function connectDirect(outputs: Outputs, addresses: string[], writable: boolean, query_timeout: number): Promise<Client> {
  if (addresses.length === 0) throw new Error("no server has an address");
  const url = new URL(outputs.haproxyWriteUrl.replace(/@[^/]*\//, "@host/"));
  const login = `${url.username}:${url.password}`;
  // Every server's certificate is good for localhost, too
  const ssl = { ca: outputs.caCertificate, servername: "localhost" };
  const target = `postgresql://${login}@${addresses.map((address) => `${address}:5432`).join(",")}${url.pathname}`;
  return pgha.connect(target, { ssl, writable, query_timeout, connectionTimeoutMillis: 1000, application_name: "pgha drill" });
}

/** The superuser on the primary, through the proxies. */
export async function connectSuperuser({ superuserUrls, caCertificate, cluster }: Outputs, query_timeout = 60_000): Promise<Client> {
  const failures: Error[] = [];
  for (const url of superuserUrls) {
    try {
      return await pgha.connect(url.replace(/\/postgres(\?|$)/, `/${cluster.database}$1`), { ssl: { ca: caCertificate }, query_timeout, connectionTimeoutMillis: 2000, application_name: "pgha drill" });
    } catch (error) {
      failures.push(error as Error);
      await sleep(50);
    }
  }
  throw failures[0] ?? new Error("the stack has no superuserUrls");
}
