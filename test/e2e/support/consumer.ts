/** Somebody who reads a logical slot, as its consumer does: a slot that nobody reads is copied to no standby and goes with its primary. */
export class Consumer {
  private stopped = false;
  private readonly done: Promise<void>;

  /** `read`: takes one SQL statement to the primary, in the slot's database. */
  constructor(slot: string, read: (sql: string) => Promise<unknown>) {
    this.done = this.follow(() => read(`SELECT pg_replication_slot_advance('${slot}', pg_current_wal_lsn()) FROM pg_replication_slots WHERE slot_name = '${slot}' AND NOT active`));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.done;
  }

  private async follow(read: () => Promise<unknown>): Promise<void> {
    while (!this.stopped) {
      // A consumer meets every failover, too, and tries again
      await read().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
