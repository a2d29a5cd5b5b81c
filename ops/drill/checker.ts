import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { hangUp } from "../postgresUrl";
import { Ledger } from "./ledger";

/** One way of clients to the cluster. */
export interface Way {
  /** "pgbouncer", "haproxy", "direct", with " read" for readers, " login" for writers that log in for each statement. */
  name: string;
  reads: boolean;
  /** Anew for each statement. */
  logsIn?: boolean;
  connect(): Promise<Client>;
}

/** Between two statements of one client, so that a small machine measures the cluster and not itself. Milliseconds. */
const pace = 20;
const retryPause = 100;
/** How long clients may take to end. Milliseconds. */
const farewell = 5000;

const INSERT = "INSERT INTO pgha_drill.rows (run, writer, sequence) VALUES ($1, $2, $3)";
const READ = "SELECT count(*) FROM pgha_drill.marks";

/** Clients that write or read without pause through every way, and connect again at once when they are thrown out. */
export class Checker {
  private readonly ended = new AbortController();
  private readonly clients = new Set<Client>();
  private readonly loops: Promise<void>[];

  constructor(private readonly ledger: Ledger, private readonly run: number, ways: Way[], writers: number) {
    this.loops = ways.flatMap((way) => {
      ledger.of(way.name);
      return Array.from({ length: way.reads ? Math.ceil(writers / 2) : writers }, (_, index) => this.client(way, `${way.name}-${index + 1}`));
    });
  }

  /** Ends all clients; a statement without an answer by then stays without one. */
  async stop(): Promise<void> {
    this.ended.abort();
    await Promise.race([Promise.all(this.loops), sleep(farewell)]);
    this.clients.forEach(hangUp);
    await Promise.race([Promise.all(this.loops), sleep(farewell)]);
  }

  private async client(way: Way, id: string): Promise<void> {
    let client: Client | undefined;
    for (let sequence = 1; !this.ended.signal.aborted;) {
      const since = this.ledger.now();
      client ??= await this.connect(way);
      if (!client) continue;
      const row = way.reads ? undefined : `${id}/${sequence++}`;
      try {
        await (row === undefined ? client.query(READ) : client.query(INSERT, [this.run, id, sequence - 1]));
        this.ledger.answered(way.name, since, row);
        if (way.logsIn) client = this.leave(client);
        await sleep(pace);
      } catch (error) {
        this.ledger.failed(way.name, since, error, row);
        client = client && this.leave(client);
      }
    }
    if (client) this.leave(client);
  }

  private leave(client: Client): undefined {
    this.clients.delete(client);
    hangUp(client);
  }

  private async connect(way: Way): Promise<Client | undefined> {
    try {
      const client = await way.connect();
      this.clients.add(client);
      return client;
    } catch (error) {
      if (!this.ended.signal.aborted) this.ledger.refused(way.name, error);
      await sleep(retryPause);
      return undefined;
    }
  }
}
