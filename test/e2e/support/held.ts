import assert from "node:assert/strict";
import * as net from "node:net";
import { connect } from "../../../clients/node/pgha";
import { type Outputs, takeApart } from "./project";

const HELD = 50;
const SECONDS = 10;

/** Connections that say nothing, at every port that is published: writes go on. Needs the database app. */
export function describeHeld(outputs: () => Outputs): void {
  describe(`${HELD} idle connections at every published port`, () => {
    const held: net.Socket[] = [];
    afterEach(() => held.splice(0).forEach((socket) => socket.destroy()));

    const hold = (host: string, port: number) => {
      const socket = net.connect({ host, port });
      socket.on("error", () => undefined);
      // Whoever is cut off comes back at once
      socket.once("close", () => held.includes(socket) && hold(host, port));
      held.push(socket);
    };

    it("stop no writes", async () => {
      const { writeUrl, haproxyWriteUrl, haproxyReadUrl, patroniUrls, statsUrls } = outputs();
      const published = [
        ...[writeUrl, haproxyWriteUrl, haproxyReadUrl].flatMap((url) => takeApart(url).hosts),
        ...[...patroniUrls, ...statsUrls].map((url) => [new URL(url).hostname, new URL(url).port]),
      ];
      assert.ok(published.length >= 2 + 4 + 3 + 2, "a port is missing");
      for (const [host, port] of published) for (let n = 0; n < HELD; n++) hold(host, Number(port));
      const client = await connect(writeUrl);
      try {
        let [longest, last] = [0, Date.now()];
        for (const end = last + SECONDS * 1000; last < end; ) {
          await client.query("SELECT pg_logical_emit_message(true, 'pgha', 'write')");
          longest = Math.max(longest, Date.now() - last);
          last = Date.now();
        }
        assert.ok(longest < 3000, `no write for ${longest} ms`);
      } finally {
        await client.end();
      }
    });
  });
}
