import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Runs `work` beside a played Docker engine, which `DOCKER_HOST` names meanwhile; `answer` is told what is asked, by its URL. */
export async function besideDocker<T>(answer: (url: string) => unknown, work: () => Promise<T>): Promise<T> {
  const engine = createServer(({ url }, response) => response.setHeader("content-type", "application/json").end(JSON.stringify(answer(url!))));
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
