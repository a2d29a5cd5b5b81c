import * as os from "node:os";
import * as pulumi from "@pulumi/pulumi";
import Docker from "dockerode";
import { clampTo, GIB } from "./config/units";
import type { Machine } from "./config";

/**
 * The machine that containers are sized for: that of the stack's first update, as its output `machine` says, so that a look
 * from elsewhere changes nothing; else Docker's, which in Docker Desktop and Colima is a virtual one; else this one.
 */
export async function findMachine(): Promise<Machine> {
  return (await noted()).machine ?? (await dockersMachine()) ?? thisMachine();
}

export function thisMachine(): Machine {
  return rounded(os.totalmem(), os.availableParallelism());
}

/** When images were last built with all updates of their packages, as the output `renewed` says, or now; undefined: never. */
export async function findRenewed(): Promise<string | undefined> {
  return process.env.PGHA_RENEW || (await noted()).renewed;
}

/** Outputs that outlast an update; none of a stack that was never updated, or by a release that noted nothing. */
async function noted(): Promise<{ machine?: Machine; renewed?: string }> {
  try {
    const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
    const { outputs } = await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name }, {});
    return outputs;
  } catch {
    return {};
  }
}

/** undefined where Docker does not answer, as in a preview elsewhere. */
export async function dockersMachine(): Promise<Machine | undefined> {
  const info = await new Docker({ timeout: 5000 }).info().catch(() => undefined);
  return info && rounded(info.MemTotal, info.NCPU);
}

/** In whole GiB, so that a second look gives the same. */
function rounded(memory: number, cores: number): Machine {
  return { memory: clampTo(GIB, memory + GIB / 2, GIB), cores };
}
