import assert from "node:assert/strict";
import { createServer, IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { prepare } from "../../../infra/live/docker/replacement";

/** An engine that has these containers, whose health check ends with the code given; calls are noted by container. */
async function engineWith<T>(exitCodes: Record<string, number>, work: (asked: string[]) => Promise<T>): Promise<T> {
  const asked: string[] = [];
  const answer = ({ url, method }: IncomingMessage): [status: number, body: object] => {
    const [, kind, name, what] = url!.split("?")[0].split("/");
    if (kind === "exec") return method === "GET" ? [200, { ExitCode: exitCodes[name] }] : [200, {}];
    if (exitCodes[name] === undefined) return [404, { message: "no such container" }];
    if (what === "exec") asked.push(name);
    return [what === "exec" ? 201 : 200, { Id: name, Config: { Labels: {} } }];
  };
  const engine = createServer((request, response) => {
    const [status, body] = answer(request);
    request.resume().on("end", () => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)));
  });
  await new Promise<void>((resolve) => engine.listen(0, "127.0.0.1", resolve));
  const { DOCKER_HOST } = process.env;
  process.env.DOCKER_HOST = `tcp://127.0.0.1:${(engine.address() as AddressInfo).port}`;
  try {
    return await work(asked);
  } finally {
    if (DOCKER_HOST === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = DOCKER_HOST;
    engine.closeAllConnections();
    engine.close();
  }
}

describe("the handover of a server", function () {
  this.timeout(5000);
  const handOver = (neighbours: { container: string; later?: boolean }[]) => prepare({ server: "p-1", fingerprint: "new", running: "old", neighbours });

  it("waits for every neighbour that is there", () =>
    engineWith({ "p-1": 0, "p-2": 0, "p-3": 0 }, async (asked) => {
      await handOver([{ container: "p-2" }, { container: "p-3", later: true }]);
      assert.deepEqual(asked, ["p-1", "p-2", "p-3"]);
    }));

  it("does not wait for one that is made only after it: counts can be raised", () =>
    engineWith({ "p-1": 0, "p-2": 0 }, async (asked) => {
      await handOver([{ container: "p-2" }, { container: "p-3", later: true }]);
      assert.deepEqual(asked, ["p-1", "p-2"]);
    }));

  it("waits on for one that is there and not healthy, and for one that something else makes meanwhile", () => {
    const exitCodes: Record<string, number> = { "p-1": 0, "p-2": 1 };
    return engineWith(exitCodes, async () => {
      let over = 0;
      const waits = [{ container: "p-2", later: true }, { container: "p-3" }].map((one) => handOver([one]).then(() => over++));
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(over, 0);
      Object.assign(exitCodes, { "p-2": 0, "p-3": 0 });
      await Promise.all(waits);
    });
  });
});
