exports.up = (knex) => knex.schema.createTable("knex_item", (table) => {
  table.bigIncrements();
  table.text("name").notNullable();
});
exports.down = (knex) => knex.schema.dropTable("knex_item");
