// Mocha's own spec reporter, which also leaves its counts in the file that PGHA_TEST_COUNTS names.
"use strict";
const fs = require("node:fs");
const { reporters } = require("mocha");

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once("end", () => {
      const { passes, failures, pending } = runner.stats;
      fs.writeFileSync(
        process.env.PGHA_TEST_COUNTS,
        JSON.stringify({ passed: passes, failed: failures, skipped: pending }),
      );
    });
  }
};
