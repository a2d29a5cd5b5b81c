// Starts a stand-in provider plugin: `node tools/providers/plugin.js aws|docker|random <engine address>`.
const { join } = require("node:path");

// The engine's working directory is not ours: tsx would read whatever tsconfig.json lies there.
process.env.TSX_TSCONFIG_PATH = join(__dirname, "..", "..", "tsconfig.json");
// Before tsx, which would look through all its files: a third of the time to start
require("@pulumi/pulumi/provider");
require("tsx/cjs");
require("./main").main(process.argv[2], process.argv.slice(3));
