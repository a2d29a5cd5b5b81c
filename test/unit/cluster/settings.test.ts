import assert from "node:assert/strict";
import { knownSettings } from "../../../infra/cluster/settings";
import { findWrong } from "../../../infra/cluster/settings/values";

describe("values of settings", () => {
  const wrong = (name: string, value: string | number | boolean) => findWrong(knownSettings(18)[name], value);

  it("are taken as Postgres takes them: with units of their kind, with fractions, without a unit in their own", () => {
    const taken: [string, string | number | boolean][] = [
      ["work_mem", "64MB"], ["work_mem", " 0.5 GB "], ["work_mem", 4096], ["work_mem", "1048576B"], ["shared_buffers", "1GB"], ["shared_buffers", 131072],
      ["checkpoint_timeout", "15min"], ["checkpoint_timeout", "0.5h"], ["statement_timeout", "1.5s"], ["autovacuum_vacuum_cost_delay", "2500us"], ["vacuum_cost_delay", 0.5],
      ["autovacuum_vacuum_scale_factor", "1e-2"], ["log_min_duration_statement", -1], ["seq_page_cost", ".5"], ["jit", "yes"], ["wal_compression", "LZ4"], ["wal_compression", true],
      ["max_connections", "200"], ["log_line_prefix", "%m "], ["ssl_min_protocol_version", "TLSv1.3"], ["ssl_min_protocol_version", "tlsv1.2"],
      ["log_file_mode", "0640"], ["unix_socket_permissions", "0770"],
    ];
    for (const [name, value] of taken) assert.deepEqual([name, value, wrong(name, value)], [name, value, undefined]);
  });

  it("are refused as Postgres refuses them, and the remedy is the right spelling, the units or the range", () => {
    const refused: [string, string | number | boolean, RegExp][] = [
      ["work_mem", "64mb", /write 64MB/], ["max_wal_size", "4gb", /write 4GB/], ["max_wal_size", "4G", /use B, kB, MB, GB, TB/], ["checkpoint_timeout", "15MIN", /write 15min/],
      ["checkpoint_timeout", "2d", /use 30 to 86400 s/], ["work_mem", "30s", /counts memory/], ["statement_timeout", "1MB", /counts time: use us, ms, s, min, h, d/],
      ["max_connections", "100MB", /no unit/], ["max_connections", 0, /use 1 to 262143$/], ["shared_buffers", "64kB", /use 16 to 1073741823 × 8kB/], ["max_connections", "many", /use a number/],
      ["max_connections", true, /use a number/], ["jit", "perhaps", /use on or off/], ["wal_level", "most", /use minimal, replica, logical/], ["log_line_prefix", true, /quotes/], ["log_file_mode", "01000", /use 0 to 511/],
    ];
    for (const [name, value, says] of refused) assert.match(wrong(name, value)?.remedy ?? `${name} ${value} is taken`, says);
  });
});
