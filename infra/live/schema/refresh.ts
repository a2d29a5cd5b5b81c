import { describeDrift } from "../drift";
import { readDrift, type Watch } from "./catalogue/record";
import type { Connection } from "../postgres/connection";
import type { Declared } from "./declared/declare";
import { checksum, type SqlFiles } from "./migrations";
import { reaching } from "../reach/reach";
import { readApplied } from "./records";

type State = Connection & { database: string; files: SqlFiles; version: string; declared: Declared; watch?: Watch; drift: string[]; checksums: Record<string, string>; __provider?: unknown };
type Live<S> = { id: string; props?: S; inputs?: Omit<S, "checksums"> };
const PATIENCE = 10;

/**
 * What a refresh finds: the live version and checksums, what differs from the recorded catalogue, and no database at all as a
 * resource that is gone. A file whose record is missing or another leaves the inputs, so that the next preview shows it as
 * text to be applied. Without a primary within 10 s the state is kept, with a warning.
 */
export async function readLive<S extends State>(id: string, state: S): Promise<Live<S>> {
  const connection = { ...state, timeout: Math.min(PATIENCE, state.timeout ?? PATIENCE) };
  const { checksums: _, ...kept } = state;
  try {
    return await reaching(state.reach, state.hosts, async (hosts) => {
      const reached = { ...connection, hosts };
      const applied = await readApplied(reached, state.database);
      if (!applied) return { id: "" };
      const { version, checksums } = applied;
      const files = Object.fromEntries(Object.entries(state.files).filter(([name, text]) => checksums[name] === checksum(text)));
      const found = await readDrift(reached, state.declared?.databases.map(({ name }) => name) ?? [], state.watch);
      const drift = [
        ...found.drift.map((each) => `${describeDrift(each)}; mend: ${each.mend}`),
        ...found.unknown.map((name) => `database ${name}: nothing was noted of it yet; mend: npm run pulumi -- up --refresh`),
      ];
      const inputs = { ...kept, version, files, drift };
      return { id, props: { ...inputs, checksums } as unknown as S, inputs };
    });
  } catch (error) {
    console.error(`database ${state.database} was not compared with what is declared: ${(error as Error).message}`);
    return { id, props: state, inputs: kept };
  }
}
