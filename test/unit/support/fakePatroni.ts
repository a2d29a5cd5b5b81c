import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { issueCertificate } from "../../../infra/live/issue";
import type { Control } from "../../../infra/live/access";
import type { Json } from "../../../infra/live/patroni/client";

/** What a fake member answers to "GET /patroni": a body, or a status and a text. A function is asked anew each time. */
export type Answer = Json | [status: number, text: string];
export type Answers = Record<string, Answer | ((body: Json) => Answer | Promise<Answer>)>;

export interface FakePatroni {
  control: Control;
  /** Every request so far: "postgres-1 PATCH /config {…}". GETs are not kept. */
  commands: string[];
  close(): void;
}

/** Plays the REST API of each named member; one without answers refuses connections. What is not among the answers is a 404. */
export async function fakePatroni(members: Record<string, Answers | undefined>): Promise<FakePatroni> {
  const authority = await issueCertificate({ unit: "fake", days: 1 });
  const issued = await issueCertificate({ unit: "fake", days: 1, names: ["127.0.0.1"], authorityKey: authority.key, authorityCertificate: authority.certificate });
  const commands: string[] = [];
  const servers: https.Server[] = [];
  const addresses = [];
  for (const [name, answers] of Object.entries(members)) {
    const server = https.createServer({ key: issued.key, cert: issued.certificate }, (request, response) => {
      let text = "";
      request.on("data", (chunk) => (text += chunk)).on("end", async () => {
        const what = `${request.method} ${request.url}`;
        if (request.method !== "GET") commands.push(`${name} ${what}${text && ` ${text}`}`);
        const found = answers?.[what] ?? [404, "not played"];
        const answer = typeof found === "function" ? await found(text ? JSON.parse(text) : {}) : found;
        response.writeHead(Array.isArray(answer) ? answer[0] : 200).end(Array.isArray(answer) ? answer[1] : JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    server.unref(); // one that is forgotten keeps no test run alive
    addresses.push({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
    if (answers) servers.push(server);
    else server.close();
  }
  return {
    control: { patroni: addresses, authority: authority.certificate, certificate: issued.certificate, key: issued.key, databases: [], poolers: [], writers: [] },
    commands,
    close: () => servers.forEach((server) => (server.close(), server.closeAllConnections())),
  };
}
