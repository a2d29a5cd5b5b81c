"use strict";
const { readFileSync } = require("node:fs");

/** One host, as knex takes no list. */
function connection(text) {
  const url = new URL(text.replace(/@([^,/]+),[^/]+\//, "@$1/"));
  const ca = readFileSync(url.searchParams.get("sslrootcert"), "utf8");
  return { host: url.hostname, port: Number(url.port), user: url.username, password: decodeURIComponent(url.password), database: url.pathname.slice(1), ssl: { ca } };
}

module.exports = { client: "pg", connection: connection(process.env.MIGRATE_URL), migrations: { directory: `${__dirname}/migrations` } };
module.exports.connection_of = connection;
