import assert from "node:assert/strict";
import path from "node:path";
import { applySchema, type Schema } from "../../../infra/live/schema/apply";
import { onPrimary, type Connection } from "../../../infra/live/postgres/connection";
import { readSqlFiles } from "../../../infra/live/schema/migrations";
import { adopt, fileStates, rehearse } from "../../../infra/live/schema/rehearsal";
import { declaration, removeDatabase } from "./database";

const DB = "pgha_examples";
const folder = path.join(__dirname, "../../../sql");
const files = readSqlFiles(folder, ["orders", "messaging"]);

/** The example schemas, and how files are tried and adopted; on a running cluster in a database of its own. */
export function describeExamples(connect: () => Connection): void {
  const schema: Schema = { database: DB, files, passwords: { [DB]: "check-examples" }, subscriptionPasswords: {}, declared: declaration({ database: { name: DB } }) };
  const root = (sql: string) => onPrimary(connect(), DB, async (client) => (await client.query(sql)).rows);
  const asWriter = (sql: string) => root(`SET ROLE ${DB}; ${sql}`).then((results) => results);
  const counts = async (call: string) => Object.fromEntries((await root(`SELECT * FROM ${call}`)).map(({ kind, deleted }) => [kind, Number(deleted)]));

  const remove = () => removeDatabase(connect(), DB);

  describe("example schemas", () => {
    before(remove);
    after(remove);

    it("are tried without a trace, then applied", async () => {
      await applySchema(connect(), { ...schema, files: readSqlFiles(folder) });
      const tried = await rehearse(connect(), DB, files);
      assert.deepEqual(tried.map(({ name, problem }) => [name, problem]), [
        ["examples/messaging/0001_tables.sql", undefined], ["examples/messaging/R__cleanup.sql", undefined],
        ["examples/orders/0001_tables.sql", undefined], ["examples/orders/R__cleanup.sql", undefined],
      ]);
      assert.ok(tried[2].changes.includes("+ publication pub_orders") && tried[2].changes.includes("+ table shop.orders"), tried[2].changes.join("\n"));
      assert.deepEqual(await root("SELECT to_regnamespace('shop') IS NULL AS none"), [{ none: true }]);
      assert.deepEqual((await fileStates(connect(), DB, files)).filter(({ state }) => state !== "applied").length, 4);
      await applySchema(connect(), schema);
      assert.deepEqual((await fileStates(connect(), DB, files)).filter(({ state }) => state !== "applied"), []);
      assert.deepEqual(await rehearse(connect(), DB, files), []);
    });

    it("name the file and line that would fail, and try no file after it", async () => {
      const [bad, good] = ["database/R__a_bad.sql", "database/R__b_good.sql"];
      const tried = await rehearse(connect(), DB, { ...files, [bad]: "SELECT 1;\nSELECT nothing;", [good]: "SELECT 1;" });
      assert.match(tried[0].problem!, /^sql\/database\/R__a_bad\.sql:2: statement 2 failed: column "nothing" does not exist/);
      assert.equal(tried[1].problem, `not tried after ${bad}`);
    });

    it("orders: publish orders with their items, keep history, and clean up what nothing leads to", async () => {
      assert.deepEqual(await root("SELECT tablename FROM pg_publication_tables WHERE pubname = 'pub_orders' ORDER BY 1"), [{ tablename: "order_items" }, { tablename: "orders" }]);
      await asWriter(`INSERT INTO shop.users (email, name, deleted_at) VALUES ('a@x', 'a', NULL), ('b@x', 'b', now() - interval '1 year'), ('c@x', 'c', now() - interval '1 year');
        INSERT INTO shop.products (sku, name, price, deleted_at) VALUES ('p', 'p', 1, NULL), ('q', 'q', 2, now() - interval '1 year');
        INSERT INTO shop.orders (user_id, updated_at) VALUES (1, now()), (2, now() - interval '1 year'), (NULL, now() - interval '1 year');
        INSERT INTO shop.order_items VALUES (1, 1, 1, 'p', 1, 3), (2, 1, 1, 'p', 1, 1);
        DELETE FROM shop.products WHERE sku = 'p'`);
      assert.deepEqual(await root("SELECT product_id, product_name FROM shop.order_items WHERE order_id = 1"), [{ product_id: null, product_name: "p" }]);
      assert.deepEqual(await counts("shop.cleanup_orphaned_records()"), { "orders without items": 1, "deleted users without orders": 1, "deleted products never ordered": 1 });
      assert.deepEqual(await counts("shop.cleanup_orphaned_records()"), { "orders without items": 0, "deleted users without orders": 0, "deleted products never ordered": 0 });
    });

    it("messaging: months of events found by their words, tokens and orphans cleaned up", async () => {
      await asWriter(`INSERT INTO messaging.users (user_id, deleted_at) VALUES ('@a', NULL), ('@b', 1);
        INSERT INTO messaging.devices (user_id, device_id) VALUES ('@a', 'D');
        INSERT INTO messaging.refresh_tokens (token_hash, user_id, device_id, expires_ts) VALUES (sha256('r1'), '@a', 'D', 1), (sha256('r2'), '@a', 'D', messaging.now_ms() + 1e9::bigint);
        INSERT INTO messaging.access_tokens (token_hash, user_id, device_id, refresh_token_hash, expires_ts) VALUES (sha256('1'), '@a', 'D', sha256('r1'), 1), (sha256('2'), '@a', 'D', sha256('r2'), messaging.now_ms() + 1e6::bigint);
        INSERT INTO messaging.rooms (room_id, creator, created_ts) VALUES ('!lively', '@a', 1), ('!left', '@a', 1);
        INSERT INTO messaging.room_memberships (room_id, user_id, membership, updated_ts) VALUES ('!lively', '@a', 'join', 1), ('!left', '@a', 'leave', 1);
        INSERT INTO messaging.room_events (event_id, room_id, sender, type, content, origin_server_ts)
          SELECT '$' || n, '!lively', '@b', 'm.room.message', jsonb_build_object('body', CASE n WHEN 7 THEN 'a needle' ELSE 'hay' END), messaging.now_ms() + n FROM generate_series(1, 1000) AS n`);
      assert.deepEqual(await root("SELECT event_id FROM messaging.room_events WHERE to_tsvector('simple', coalesce(content ->> 'body', '')) @@ to_tsquery('simple', 'needle')"), [{ event_id: "$7" }]);
      assert.deepEqual(await counts("messaging.cleanup_expired_tokens()"), { "access tokens": 1, "refresh tokens": 1, "claimed one-time keys": 0 });
      assert.deepEqual(await counts("messaging.cleanup_orphaned_records()"), {
        "rooms that all have left": 1, "users marked as deleted": 1, "private sessions without users": 0, "private messages marked as deleted": 0, "answered friend requests": 0,
      });
      assert.deepEqual(await root("SELECT count(*)::int AS kept, count(sender)::int AS signed FROM messaging.room_events"), [{ kept: 1000, signed: 0 }]);
    });

    it("are adopted where they are there as they would be made, and refused where they are not", async () => {
      await root("DELETE FROM pgha.migrations; ALTER TABLE shop.orders DROP COLUMN total; DROP INDEX messaging.rooms_creator");
      const differences = await adopt(connect(), DB, files);
      assert.deepEqual(differences.map(({ object, change }) => [object, change]).sort(), [["column shop.orders.total", "missing"], ["index messaging.rooms_creator", "missing"]]);
      assert.equal((await fileStates(connect(), DB, files)).filter(({ state }) => state === "pending").length > 4, true);
      for (const { mend } of differences) await root(mend);
      assert.deepEqual(await adopt(connect(), DB, files), []);
      assert.deepEqual((await fileStates(connect(), DB, files)).filter(({ state }) => state !== "applied"), []);
      assert.deepEqual(await root("SELECT count(*)::int AS kept FROM messaging.room_events"), [{ kept: 1000 }], "nothing was run");
    });

    it("stay as they are when they are chosen no more", async () => {
      await applySchema(connect(), { ...schema, files: readSqlFiles(folder) });
      assert.deepEqual(await root("SELECT count(*)::int AS kept FROM messaging.room_events"), [{ kept: 1000 }]);
    });
  });
}
