#!/usr/bin/env node
// Starts the TypeScript of ops/cli.ts; needs nothing but Node.js to say what is missing.
"use strict";
const fs = require("node:fs");
const path = require("node:path");

require("../tools/machine").demand();
const modules = path.join(path.dirname(__dirname), "node_modules");
if (!fs.existsSync(path.join(modules, "tsx"))) {
  process.stderr.write("error: the npm packages of pgha are not installed\n  npm ci\n");
  process.exit(1);
}
require("tsx/cjs");
require("./cli").main(process.argv.slice(2));
