import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { dockersMachine, findMachine } from "../../infra/machine";

/** A played Docker of 8 GB and 4 processors, as Docker Desktop's on a machine of 32. */
async function beside<T>(work: () => Promise<T>): Promise<T> {
  const engine = createServer((_, response) => response.setHeader("content-type", "application/json").end(JSON.stringify({ MemTotal: 8_221_945_856, NCPU: 4 })));
  await new Promise<void>((resolve) => engine.listen(0, "127.0.0.1", resolve));
  const { DOCKER_HOST } = process.env;
  process.env.DOCKER_HOST = `tcp://127.0.0.1:${(engine.address() as AddressInfo).port}`;
  try {
    return await work();
  } finally {
    if (DOCKER_HOST === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = DOCKER_HOST;
    engine.closeAllConnections();
    engine.close();
  }
}

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
});
