import * as grpc from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { EngineLog } from "./engineLog";
import { providerHandlers, toStatus } from "./protocol";
import type { Operation, Provider } from "./resource";

/** Answers the engine's provider protocol; prints the port it listens on, as the engine expects. */
export async function serve(provider: Provider, engineAddress: string | undefined): Promise<void> {
  const cancelled = new AbortController();
  const log = new EngineLog(engineAddress);
  const operation = (urn: string): Operation => ({
    signal: cancelled.signal,
    progress: (message) => log.progress(urn, message),
  });

  const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  let running = 0;
  let ending = false;
  const handlers = Object.entries(providerHandlers(provider, operation, () => cancelled.abort()));
  const service = Object.fromEntries(
    handlers.map(([method, handler]) => [
      method,
      (call: { request: unknown }, callback: grpc.sendUnaryData<unknown>) => {
        running++;
        handler(call.request)
          .then((response) => callback(null, response))
          .catch((error) => callback(toStatus(error)))
          .finally(() => --running === 0 && ending && process.exit(0));
      },
    ]),
  );
  server.addService(ResourceProviderService as unknown as grpc.ServiceDefinition, service);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  console.log(port);

  // A terminal sends Ctrl-C to the plugin too: finish what runs, the engine cancels it when it wants to.
  const endWhenIdle = () => (running === 0 ? process.exit(0) : (ending = true));
  process.on("SIGINT", endWhenIdle);
  process.on("SIGTERM", endWhenIdle);
  endWithTheEngine(process.ppid);
}

/** A killed engine cannot end its plugins. */
function endWithTheEngine(engine: number): void {
  setInterval(() => process.ppid !== engine && process.exit(0), 2000).unref();
}
