import { reachingControl } from "../reach/reach";
import type { Control } from "../access";
import { pause } from "../patroni/client";
import { nameOf } from "./poolers";
import { runOnce } from "../postgres/sql";

const ASK_MS = 2000;
/** Standbys that lag further have readers' plans made before the change. */
const REPLAY_MS = 10_000;

/**
 * Has the poolers make their connections to these databases anew, each as soon as its transaction has ended: a statement that
 * was prepared in one before a table changed fails as long as it lives ("cached plan must not change result type").
 * Returns the poolers that did not take it.
 */
export function freshPlans(control: Control, databases: string[]): Promise<string[]> {
  return reachingControl(control, async (reached) => {
    const silent = await reconnect(reached, databases);
    await replayed(reached);
    return [...new Set([...silent, ...(await reconnect(reached, databases.map((name) => `${name}_ro`)))])];
  });
}

async function reconnect({ poolers, authority }: Control, databases: string[]): Promise<string[]> {
  const tell = async (url: string) => {
    for (const name of databases) await runOnce(url, authority, `RECONNECT "${name}"`, ASK_MS);
  };
  const outcomes = await Promise.all(poolers.map((url) => tell(url).then(() => [], () => [nameOf(url)])));
  return outcomes.flat();
}

/** Waits until the standbys have what the primary has now; a standby that is away has no readers. */
async function replayed({ writers, authority }: Control): Promise<void> {
  const ask = (statement: string) => runOnce(writers[0], authority, statement, ASK_MS);
  const deadline = Date.now() + REPLAY_MS;
  try {
    const [{ lsn }] = await ask("SELECT pg_current_wal_flush_lsn() AS lsn");
    const behind = `SELECT FROM pg_stat_replication r WHERE replay_lsn < '${lsn}'
      AND NOT EXISTS (SELECT FROM pg_replication_slots s WHERE s.active_pid = r.pid AND s.slot_type = 'logical')`;
    while (Date.now() < deadline && (await ask(behind)).length) await pause(100);
  } catch {
    await pause(ASK_MS);
  }
}
