import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

/** Lines shown beside a resource while it is being worked on. Losing one is no error. */
export class EngineLog {
  private readonly engine?: EngineClient;
  /** One call after the other: the engine would show parallel ones in any order. */
  private last = Promise.resolve();

  constructor(address: string | undefined) {
    if (address) this.engine = new EngineClient(address, grpc.credentials.createInsecure());
  }

  progress(urn: string, message: string): void {
    const request = new LogRequest().setUrn(urn).setMessage(message).setSeverity(LogSeverity.INFO).setEphemeral(true);
    this.last = this.last.then(
      () => new Promise((done) => (this.engine ? this.engine.log(request, () => done()) : done())),
    );
  }
}
