exports.up = async (knex) => {
  await knex.raw("SELECT pg_sleep(4)");
  await knex.schema.alterTable("knex_item", (table) => table.text("note"));
};
exports.down = (knex) => knex.schema.alterTable("knex_item", (table) => table.dropColumn("note"));
