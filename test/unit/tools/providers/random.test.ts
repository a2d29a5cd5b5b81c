import assert from "node:assert/strict";
import { compareSync } from "bcryptjs";
import fc from "fast-check";
import { UNKNOWN } from "../../../../tools/providers/resource";
import type { CheckResult, Operation, Properties } from "../../../../tools/providers/resource";
import { randomId } from "../../../../tools/providers/standInRandom/randomId";
import {
  generatePassword,
  passwordRules,
  randomPassword,
} from "../../../../tools/providers/standInRandom/randomPassword";

const operation: Operation = { signal: new AbortController().signal, progress: () => {} };
const check = (news: Properties) =>
  randomPassword.check({ name: "p", olds: {}, news, randomSeed: new Uint8Array() }) as CheckResult;
const plain = (value: unknown) => (value as { value: string }).value;

describe("stand-in password", () => {
  it("has its length, its minimums and no other characters, whatever is asked for", () => {
    const minimum = fc.nat(4);
    const wish = fc.record({
      length: fc.integer({ min: 16, max: 64 }),
      minLower: minimum,
      minUpper: minimum,
      minNumeric: minimum,
      minSpecial: minimum,
    });
    fc.assert(
      fc.property(wish, (inputs) => {
        const password = generatePassword(passwordRules({ ...inputs, overrideSpecial: "-_" }));
        const count = (regex: RegExp) => password.match(regex)?.length ?? 0;
        assert.match(password, /^[a-zA-Z0-9_-]+$/);
        assert.equal(password.length, inputs.length);
        assert.ok(count(/[a-z]/g) >= inputs.minLower && count(/[A-Z]/g) >= inputs.minUpper);
        assert.ok(count(/[0-9]/g) >= inputs.minNumeric && count(/[_-]/g) >= inputs.minSpecial);
      }),
    );
  });

  it("leaves out what is switched off, beyond its minimum", () => {
    const rules = { length: 40, special: false, upper: false, numeric: false, minUpper: 2 };
    const password = generatePassword(passwordRules(rules));
    assert.match(password, /^[a-zA-Z]+$/);
    assert.equal(password.match(/[A-Z]/g)?.length, 2);
  });

  it("takes number for numeric", () => {
    assert.match(generatePassword(passwordRules({ length: 60, number: false })), /^\D+$/);
  });

  it("does not put the minimums first", () => {
    const firsts = Array.from(
      { length: 60 },
      () => generatePassword(passwordRules({ length: 9, special: false, minUpper: 1, minLower: 8 }))[0],
    );
    assert.ok(firsts.some((first) => /[A-Z]/.test(first)) && firsts.some((first) => /[a-z]/.test(first)));
  });

  it("is secret, and so is its true bcrypt hash", async () => {
    const { id, state } = await randomPassword.create({ length: 20, special: false }, operation);
    assert.equal(id, "none");
    assert.match(plain(state.result), /^[a-zA-Z0-9]{20}$/);
    assert.ok(compareSync(plain(state.result), plain(state.bcryptHash)));
    const open = Object.entries(state).filter(([key]) => key !== "result" && key !== "bcryptHash");
    assert.ok(!JSON.stringify(open).includes(plain(state.result)));
    assert.equal(state.minLower, 0);
  });

  it("is another each time", () => {
    const made = Array.from({ length: 100 }, () => generatePassword(passwordRules({ length: 16 })));
    assert.equal(new Set(made).size, 100);
  });

  it("is unknown in a preview", () => {
    const { result, bcryptHash, length } = randomPassword.plan({ length: 20 });
    assert.deepEqual([result, bcryptHash, length], [UNKNOWN, UNKNOWN, 20]);
  });

  it("is made anew when any argument changes, and only then", () => {
    const state = { length: 20, special: false, lower: true, minLower: 0, keepers: null, result: "x" };
    const diff = (news: Properties) => randomPassword.diff({ state, oldInputs: {}, news }).detailed;
    assert.deepEqual(diff({ length: 20, special: false }), {});
    assert.deepEqual(diff({ length: 24, special: false }), { length: "UPDATE_REPLACE" });
    assert.deepEqual(diff({ length: 20, special: false, minLower: 1 }), { minLower: "UPDATE_REPLACE" });
    assert.deepEqual(diff({ length: 20 }), { special: "UPDATE_REPLACE" });
    assert.deepEqual(diff({ length: 20, special: false, keepers: { round: "2" } }), { keepers: "UPDATE_REPLACE" });
  });

  it("refuses what cannot be made", () => {
    assert.deepEqual(check({ length: 20, special: false }), { inputs: { length: 20, special: false }, failures: [] });
    assert.match(check({ length: 3, minUpper: 4 }).failures[0], /"length" must be at least 4/);
    assert.match(check({ length: 0 }).failures[0], /"length" must be at least 1/);
    const none = { lower: false, upper: false, numeric: false, special: false };
    assert.match(check({ length: 8, ...none }).failures[0], /no kind of character is allowed/);
    assert.match(check({ length: 8, secret: "hush" }).failures[0], /^"secret" is not supported$/);
  });
});

describe("stand-in random id", () => {
  it("is the same bytes in four forms", async () => {
    const { id, state } = await randomId.create({ byteLength: 8, prefix: "p-" }, operation);
    const bytes = Buffer.from(id, "base64url");
    assert.equal(bytes.length, 8);
    assert.equal(state.hex, `p-${bytes.toString("hex")}`);
    assert.equal(state.b64Url, `p-${id}`);
    assert.equal(state.b64Std, `p-${bytes.toString("base64")}`);
    assert.equal(state.dec, `p-${bytes.readBigUInt64BE()}`);
  });

  it("is made anew for another length", () => {
    const diff = randomId.diff({ state: { byteLength: 4 }, oldInputs: {}, news: { byteLength: 8 } });
    assert.deepEqual(diff.detailed, { byteLength: "UPDATE_REPLACE" });
  });
});
