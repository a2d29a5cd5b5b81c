--liquibase formatted sql

--changeset pgha:1
CREATE TABLE liquibase_item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
--rollback DROP TABLE liquibase_item;

--changeset pgha:2
SELECT pg_sleep(4);
ALTER TABLE liquibase_item ADD COLUMN note text;
--rollback ALTER TABLE liquibase_item DROP COLUMN note;
