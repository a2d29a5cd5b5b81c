import { createServer, Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Said {
  code: number;
  text: string;
}

/** What a machine does with a command; `undefined` for an agent that has not reported yet. */
export type PlayedMachine = (instance: string) => { run(commands: string): Promise<Said> } | undefined;

/** Plays AWS Systems Manager on loopback, for the real SDK: agents that report, commands that run, and answers that come late. */
export class PlayedSsm {
  readonly commands: { instance: string; commands: string }[] = [];
  private readonly running = new Map<string, Said | Error | undefined>();
  private readonly asked = new Map<string, number>();
  private server?: Server;

  constructor(private readonly machine: PlayedMachine) {}

  /** By the variables that AWS's own tools know; returns what puts them back. */
  async start(): Promise<() => Promise<void>> {
    this.server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        const [status, answer] = this.answer(String(request.headers["x-amz-target"]).split(".")[1], JSON.parse(body || "{}"));
        response.writeHead(status, { "Content-Type": "application/x-amz-json-1.1" }).end(JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => this.server!.listen(0, "127.0.0.1", resolve));
    const played = {
      AWS_ENDPOINT_URL_SSM: `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: "played",
      AWS_SECRET_ACCESS_KEY: "played",
    };
    const before = Object.fromEntries(Object.keys(played).map((name) => [name, process.env[name]]));
    Object.assign(process.env, played);
    return async () => {
      for (const name of Object.keys(before)) delete process.env[name];
      Object.assign(process.env, Object.fromEntries(Object.entries(before).filter(([, value]) => value !== undefined)));
      this.server!.closeAllConnections();
      await new Promise((resolve) => this.server!.close(resolve));
    };
  }

  private answer(action: string, asked: any): [number, object] {
    switch (action) {
      case "DescribeInstanceInformation":
        return [200, { InstanceInformationList: this.reported(asked.Filters[0].Values[0]) }];
      case "SendCommand":
        return this.send(asked.InstanceIds[0], asked.Parameters.commands[0]);
      case "GetCommandInvocation":
        return this.invocation(asked.CommandId);
      default:
        return [400, { __type: "InvalidAction", message: action }];
    }
  }

  private reported(instance: string): object[] {
    return this.machine(instance) ? [{ InstanceId: instance, PingStatus: "Online" }] : [];
  }

  private send(instance: string, commands: string): [number, object] {
    const machine = this.machine(instance);
    if (!machine) return [400, { __type: "InvalidInstanceId", message: "Instances not in a valid state for account" }];
    const CommandId = `command-${this.commands.push({ instance, commands })}`;
    this.running.set(CommandId, undefined);
    machine.run(commands).then((said) => this.running.set(CommandId, said), (error: Error) => this.running.set(CommandId, error));
    return [200, { Command: { CommandId } }];
  }

  private invocation(id: string): [number, object] {
    const times = (this.asked.get(id) ?? 0) + 1;
    this.asked.set(id, times);
    if (times === 1) return [400, { __type: "InvocationDoesNotExist", message: "" }];
    const said = this.running.get(id);
    if (!said) return [200, { Status: "InProgress", StatusDetails: "InProgress" }];
    if (said instanceof Error) return [200, { Status: "Failed", StatusDetails: "Undeliverable", StandardErrorContent: said.message }];
    const Status = said.code ? "Failed" : "Success";
    return [200, { Status, StatusDetails: Status, ResponseCode: said.code, StandardOutputContent: said.text, StandardErrorContent: "" }];
  }
}
