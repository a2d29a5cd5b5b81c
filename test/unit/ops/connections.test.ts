import * as assert from "node:assert";
import * as net from "node:net";
import { NoHostError } from "../../../clients/node/pgha";
import { describeFailure } from "../../../ops/failure";
import { maskUrl, parsePostgresUrl } from "../../../ops/postgresUrl";
import { askEndpoint } from "../../../ops/status/endpoints";
import { askPatroni } from "../../../ops/status/patroni";
import { askPooler } from "../../../ops/status/poolers";
import { askProxy } from "../../../ops/status/proxies";

const url = "postgresql://app:p%40ss@localhost:6432,localhost:6442,[::1]/app_ro?sslmode=verify-full&sslrootcert=/x/ca.crt";

describe("pgha: connections", () => {
  it("read a URL of several hosts as libpq does", () => {
    const { parameters, ...rest } = parsePostgresUrl(url);
    const hosts = [{ host: "localhost", port: 6432 }, { host: "localhost", port: 6442 }, { host: "::1", port: 5432 }];
    assert.deepStrictEqual(rest, { user: "app", password: "p@ss", database: "app_ro", hosts });
    assert.strictEqual(parameters.get("sslmode"), "verify-full");
  });

  it("never show a password", () => {
    assert.strictEqual(maskUrl(url), "postgresql://app@localhost:6432,localhost:6442,[::1]/app_ro");
    assert.strictEqual(maskUrl("https://localhost:8008"), "https://localhost:8008");
    for (const bad of ["mysql://app:s3cret@localhost/app", "postgresql://app:s3cret@a:b:c/app"])
      assert.throws(() => parsePostgresUrl(bad), (error: Error) => !error.message.includes("s3cret"));
  });

  it("say of each host that was tried what it did, by its name where there are several", () => {
    const refused = Object.assign(new Error("x"), { code: "ECONNREFUSED" });
    const attempts = [1, 2].map((port) => ({ at: { host: "h", port }, error: refused }));
    assert.match(describeFailure(new NoHostError(attempts)), /^h:1 refused.*; h:2 refused/);
    assert.match(describeFailure(new NoHostError(attempts.slice(1))), /^refused/);
  });

  it("say in words why there is none", () => {
    const refused = Object.assign(new Error(""), { code: "ECONNREFUSED" });
    assert.match(describeFailure(new AggregateError([refused, refused], "")), /^refused/);
    assert.strictEqual(describeFailure(new Error("timeout expired")), "gave no answer in time");
    assert.strictEqual(describeFailure(new Error("Query read timeout")), "gave no answer in time");
    assert.strictEqual(describeFailure(new Error("no such user\nsecond line")), "says: no such user");
  });

  describe("with a server that takes them and says nothing", () => {
    const open = new Set<net.Socket>();
    const server = net.createServer((socket) => void open.add(socket));
    before((done) => void server.listen(0, "127.0.0.1", done));
    after((done) => {
      open.forEach((socket) => socket.destroy());
      server.close(done);
    });

    it("end in time, and are reported rather than thrown", async () => {
      const at = `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
      const options = { ca: "", timeout: 200 };
      const started = Date.now();
      const postgres = `postgresql://u:s3cret@${at}/db`;
      const errors = await Promise.all([
        askPatroni(`https://${at}`, options).then(({ error }) => error),
        askProxy("haproxy-1", `https://admin:s3cret@${at}/`, options).then(({ proxy }) => proxy.error),
        askPooler("pgbouncer-1", postgres, options).then(({ pooler }) => pooler.error),
        askEndpoint("write", postgres, options).then(({ error }) => error),
      ]);
      assert.deepStrictEqual(errors, Array(4).fill("gave no answer in time"));
      assert.ok(Date.now() - started < 1500);
    });
  });
});
