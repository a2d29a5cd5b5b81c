import assert from "node:assert/strict";

/**
 * Mocha loads this first. Where `assert.ok` gets no message, Node looks for its expression in the source, by a column that tsx has moved, and
 * may do so for ever (nodejs/node #52677): one failed condition hung the whole run. The stack tells the line just as well.
 */
const { ok } = assert;
assert.ok = (value: unknown, message: string | Error = "the condition does not hold"): asserts value => ok(value, message);
