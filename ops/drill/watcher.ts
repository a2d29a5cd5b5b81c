import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { hangUp } from "../postgresUrl";
import { NodeWrite } from "./measure";

const INSERT = "INSERT INTO pgha_drill.watch (node) VALUES ($1)";
const pace = 50;
const standbyPause = 100;

/** Tries to write on every node all the time, standbys included, and keeps what was acknowledged. */
export class Watcher {
  readonly writes: NodeWrite[] = [];
  private ended = false;
  private readonly loops: Promise<void>[];

  constructor(nodes: string[], private readonly connect: (node: string) => Promise<Client>, private readonly now: () => number) {
    this.loops = nodes.map((node) => this.watch(node));
  }

  async stop(): Promise<void> {
    this.ended = true;
    await Promise.race([Promise.all(this.loops), sleep(3000)]);
  }

  private async watch(node: string): Promise<void> {
    let client: Client | undefined;
    let standby = true;
    while (!this.ended) {
      try {
        client ??= await this.connect(node);
        // A write that is refused would be a line in the server's log
        if (standby && (await client.query<{ recovering: boolean }>("SELECT pg_is_in_recovery() AS recovering")).rows[0].recovering) {
          await sleep(standbyPause);
          continue;
        }
        standby = false;
        const from = this.now();
        await client.query(INSERT, [node]);
        this.writes.push({ node, from, to: this.now() });
        await sleep(pace);
      } catch (error) {
        standby = true;
        // 25006: no longer the primary, and the connection is still good
        if (client && (error as { code?: string }).code !== "25006") {
          hangUp(client);
          client = undefined;
        }
        await sleep(standbyPause);
      }
    }
    if (client) hangUp(client);
  }
}
