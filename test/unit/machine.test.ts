import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { dockersMachine, findMachine, findRenewed } from "../../infra/machine";
import { besideDocker } from "./support/playedDocker";

/** A played Docker of 8 GB and 4 processors, as Docker Desktop's on a machine of 32. */
const beside = <T>(work: () => Promise<T>) => besideDocker(() => ({ MemTotal: 8_221_945_856, NCPU: 4 }), work);

describe("the machine that containers are sized for", () => {
  const eight = { memory: 8 * 2 ** 30, cores: 4 };
  /** An engine whose stack has these outputs, or none. */
  const deployed = (outputs: object | undefined) =>
    pulumi.runtime.setMocks({
      newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
      call: ({ token }) => {
        if (token !== "pulumi:pulumi:readStackOutputs" || !outputs) throw new Error("unknown stack");
        return { outputs };
      },
    }, "pgha", "dev", false, "organization");

  it("is Docker's, in whole GiB, whatever this one has", async () => {
    await deployed(undefined);
    assert.deepEqual(await beside(dockersMachine), eight);
    assert.deepEqual(await beside(findMachine), eight);
  });

  it("stays that of the first update, wherever the next one looks from", async () => {
    const machine = { memory: 4 * 2 ** 30, cores: 2 };
    await deployed({ machine });
    assert.deepEqual(await beside(findMachine), machine);
    await deployed({ cluster: {} });
    assert.deepEqual(await beside(findMachine), eight, "a stack of an earlier release has none");
  });

  it("as is the day of its last renewal, until the next one", async () => {
    await deployed({ renewed: "2026-11-28" });
    assert.equal(await findRenewed(), "2026-11-28");
    process.env.PGHA_RENEW = "2026-12-24";
    try {
      assert.equal(await findRenewed(), "2026-12-24");
    } finally {
      delete process.env.PGHA_RENEW;
    }
    await deployed(undefined);
    assert.equal(await findRenewed(), undefined);
  });
});
