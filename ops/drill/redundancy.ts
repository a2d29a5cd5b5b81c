import { setTimeout as sleep } from "node:timers/promises";
import type { Outputs } from "../outputs";
import { hangUp } from "../postgresUrl";
import { Sample } from "./measure";
import { Site } from "./site";
import { connectSuperuser } from "./ways";

const interval = 400;

/** Members alone: subscribers, pg_receivewal and a copy that is being made stream as well, and hold no standby's place. */
const STREAMING = `SELECT count(*)::int AS streaming, pg_is_in_recovery() AS recovering
  FROM pg_stat_replication WHERE state = 'streaming' AND application_name = ANY ($1)`;

/** Looks again and again whether every server runs and every standby streams from a primary. */
export class Redundancy {
  readonly samples: Sample[] = [];
  private ended = false;
  private readonly loop: Promise<void>;

  constructor(private readonly outputs: Outputs, private readonly site: Site, private readonly now: () => number) {
    this.loop = this.look();
  }

  /** Since when it is so; it has to last for `steady` milliseconds. */
  isWhole(steady: number, since: number): boolean {
    const recent = this.samples.filter(({ at }) => at >= Math.max(since, this.now() - steady));
    return this.now() - since >= steady && recent.length > 1 && recent.every(({ whole }) => whole);
  }

  async stop(): Promise<void> {
    this.ended = true;
    await Promise.race([this.loop, sleep(5000)]);
  }

  private async look(): Promise<void> {
    const members = this.outputs.cluster.postgres.map(({ name }) => name);
    let client: Awaited<ReturnType<typeof connectSuperuser>> | undefined;
    while (!this.ended) {
      const at = this.now();
      try {
        client ??= await connectSuperuser(this.outputs, 2000);
        const { rows } = await client.query<{ streaming: number; recovering: boolean }>(STREAMING, [members]);
        const running = await this.site.running();
        const streams = !rows[0].recovering && rows[0].streaming >= members.length - 1;
        this.samples.push({ at, whole: streams && running.length === this.site.hosts.length });
      } catch {
        this.samples.push({ at });
        if (client) hangUp(client);
        client = undefined;
      }
      await sleep(interval);
    }
    if (client) hangUp(client);
  }
}
