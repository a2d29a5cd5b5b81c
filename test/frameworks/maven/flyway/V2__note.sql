SELECT pg_sleep(4);
ALTER TABLE flyway_item ADD COLUMN note text;
