import { commonOptions, parseOptions } from "../arguments";
import { proofSchema, viewProof, viewProofs } from "../backup/proof";
import { backupServerOf } from "../backup/server";
import { exitCode } from "../exitCode";
import { print, say, screenOf } from "../terminal";

export const summary = "proves that the backups can be restored: restores, replays, reads every page";

export const usage = `npx pgha prove [options]

Restores the newest state beside the repository, replays WAL to the end of the archive, reads every heap and B-tree of every
database (pg_amcheck) and the checksum of every page, and deletes it again. Nobody can connect to it meanwhile. It happens once a day by itself
(backup.proof).

  --history          the proofs that were made, instead of another one

  --stack <name>     which deployment (the selected stack, or dev)
  --json             for programs

Exit codes: 0 proved, 1 error, 2 wrong usage, 3 not proved.
`;

export async function run(args: string[]): Promise<number> {
  const { stack, json, history } = parseOptions("prove", args, { ...commonOptions, history: { type: "boolean", default: false } });
  const server = await backupServerOf(stack);
  if (history) {
    const { proofs } = await server.state();
    print(json, proofs, () => viewProofs(proofs, screenOf(process.stdout)));
    return exitCode.healthy;
  }
  const proof = proofSchema.parse(JSON.parse(await server.must(["prove-backup"], (text) => text.startsWith("{") || say(text.trimEnd()))));
  print(json, proof, () => viewProof(proof, screenOf(process.stdout).paint));
  return proof.problem === null ? exitCode.healthy : exitCode.degraded;
}
