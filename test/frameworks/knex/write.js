"use strict";
const { connection_of: connectionOf } = require("./knexfile");
const knex = require("knex")({ client: "pg", connection: connectionOf(process.env.WRITE_URL) });

(async () => {
  for (let n = 0; n < Number(process.argv[2]); n++) {
    await knex("knex_item").insert({ name: `item ${n}` });
    console.log(n);
  }
  await knex.destroy();
})();
