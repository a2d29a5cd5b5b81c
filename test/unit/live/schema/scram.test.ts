import assert from "node:assert/strict";
import { scramVerifier, verifies } from "../../../../infra/live/schema/scram";

describe("SCRAM verifier", () => {
  // Made by PostgreSQL 18: SET password_encryption = 'scram-sha-256'; CREATE ROLE r PASSWORD 'correct horse'; SELECT rolpassword FROM pg_authid.
  const stored = "SCRAM-SHA-256$4096:quALNg1rZuNxtt16swcZYw==$ckQzeFjOfh23F5Eaepk/WvfQvvaIztnySYdDyVr6Yj0=:AJUmF6VZOP7UT//j8eBFSjabG191uXv9SY7Fe6N+hZM=";

  it("is what PostgreSQL makes of the same password and salt", () => {
    const salt = Buffer.from(stored.split(/[:$]/)[2], "base64");
    assert.equal(scramVerifier("correct horse", salt), stored);
  });

  it("is known again by its password alone", () => {
    assert.ok(verifies(stored, "correct horse"));
    assert.ok(!verifies(stored, "correct hors"));
    assert.ok(!verifies(null, "correct horse"));
    assert.ok(!verifies("md5ffab", "correct horse"));
  });

  it("is another each time, so that equal passwords do not show", () => {
    assert.notEqual(scramVerifier("same"), scramVerifier("same"));
  });

  it("refuses what SASLprep would change", () => {
    for (const password of ["", "naïve", "tab\t"]) assert.throws(() => scramVerifier(password), /printable ASCII/);
  });
});
