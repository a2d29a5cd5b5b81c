// Runs before any npm package exists, so it needs nothing but Node.js: brings the packages, then hands over to TypeScript.
"use strict";
const { createHash } = require("node:crypto");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const repository = path.dirname(__dirname);
const lockFile = path.join(repository, "package-lock.json");
const modules = path.join(repository, "node_modules");
const stamp = path.join(modules, ".pgha-installed");

function fail(message, remedy) {
  process.stderr.write(`error: ${message}\n  ${remedy}\n`);
  process.exit(1);
}

function modified(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** npm writes node_modules/.package-lock.json last; a checkout of the same lock file only touches its time. */
function packagesAreCurrent(digest) {
  const npmsOwn = modified(path.join(modules, ".package-lock.json"));
  if (npmsOwn === 0) return false;
  if (npmsOwn >= modified(lockFile)) return true;
  return fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === digest;
}

function installPackages() {
  const locked = fs.existsSync(lockFile);
  const digest = createHash("sha256")
    .update(locked ? fs.readFileSync(lockFile) : "")
    .digest("hex");
  if (packagesAreCurrent(digest)) return;
  const args = [locked ? "ci" : "install", "--no-fund", "--no-audit"];
  process.stderr.write(`npm packages: npm ${args[0]} (once; about a minute)\n`);
  const started = Date.now();
  const npm = process.env.npm_execpath?.endsWith(".js") ? [process.execPath, process.env.npm_execpath] : ["npm"];
  const result = spawnSync(npm[0], [...npm.slice(1), ...args], {
    cwd: repository,
    stdio: ["ignore", 2, 2],
  });
  if (result.error)
    fail(`npm cannot be started: ${result.error.message}`, "install Node.js with npm: https://nodejs.org");
  if (result.signal) process.exit(130);
  if (result.status !== 0)
    fail("npm could not install the packages", "see npm's message above; then run the command again");
  fs.writeFileSync(stamp, digest);
  process.stderr.write(`npm packages: installed in ${Math.round((Date.now() - started) / 1000)} s\n`);
}

require("./machine").demand();
installPackages();
require("tsx/cjs");
require("./main").main(process.argv.slice(2));
