import type { Connection } from "./connection";
import { checksum, type SqlFiles } from "./migrations";
import { reaching } from "../reach/reach";
import { readApplied, type Applied } from "./records";

type State = Connection & Applied & { database: string; files: SqlFiles; __provider?: unknown };
type Live<S> = { id: string; props?: S; inputs?: Omit<S, "checksums"> };
const PATIENCE = 10;

/**
 * What a refresh finds: the live version and checksums, and no database at all as a resource that is gone.
 * A file whose record is missing or another leaves the inputs, so that the next preview shows it as text to be applied.
 * Without a primary within 10 s the state is kept, with a warning.
 */
export async function readLive<S extends State>(id: string, state: S): Promise<Live<S>> {
  let applied: Applied | undefined;
  try {
    const timeout = Math.min(PATIENCE, state.timeout ?? PATIENCE);
    applied = await reaching(state.reach, state.hosts, (hosts) => readApplied({ ...state, hosts, timeout }, state.database));
  } catch (error) {
    console.error(`database ${state.database} was not compared with its SQL files: ${(error as Error).message}`);
    const { checksums: _, ...inputs } = state;
    return { id, props: state, inputs };
  }
  if (!applied) return { id: "" };
  const { version, checksums } = applied;
  const files = Object.fromEntries(Object.entries(state.files).filter(([name, text]) => checksums[name] === checksum(text)));
  const { checksums: _, ...inputs } = { ...state, version, files };
  return { id, props: { ...inputs, checksums } as S, inputs };
}
