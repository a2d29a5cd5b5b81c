// What this machine must have before anything else runs; needs nothing but Node.js, be it an old one.
"use strict";

/** As in package.json: the oldest releases that mocha and eslint run on. */
const NODE = "20.19, 22.13, 24 or newer";

/** What is wrong with this machine and what helps, or undefined. */
function fault(version, platform) {
  const parts = version.split(".").map(Number);
  const least = { 20: 19, 22: 13 }[parts[0]];
  if (platform === "win32")
    return ["pgha does not run on Windows itself", "use WSL 2 (wsl --install), clone the repository in there, and run the command again"];
  if (least === undefined ? parts[0] < 24 : parts[1] < least)
    return [`Node.js ${NODE} is needed, this is ${version}`, "install it from https://nodejs.org and run the command again"];
  return undefined;
}

/** Ends the process where this machine will not do. */
function demand() {
  const found = fault(process.versions.node, process.platform);
  if (found === undefined) return;
  process.stderr.write(`error: ${found[0]}\n  ${found[1]}\n`);
  process.exit(1);
}

module.exports = { demand, fault };
