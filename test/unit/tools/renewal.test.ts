import * as assert from "node:assert";
import { changes, parseStatus } from "../../../tools/engine/renewal";

describe("npm run up -- --renew", () => {
  it("reads from dpkg's status what is installed, not what was removed", () => {
    const status = "Package: openssl\nStatus: install ok installed\nVersion: 3.6.0-1\nDescription: x\n Version: of nothing\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 8.1-2\n";
    assert.deepStrictEqual(parseStatus(status), { openssl: "3.6.0-1", curl: "8.1-2" });
  });

  it("says each package once that is another one, came, or went", () => {
    const before = { "x-etcd-1": { openssl: "1", curl: "1", old: "1" }, "x-haproxy-1": { openssl: "1" } };
    const after = { "x-etcd-1": { openssl: "2", curl: "1", fresh: "1" }, "x-haproxy-1": { openssl: "2" } };
    assert.deepStrictEqual(changes(before, after), ["fresh none → 1", "old 1 → none", "openssl 1 → 2"]);
    assert.deepStrictEqual(changes(after, after), []);
  });
});
