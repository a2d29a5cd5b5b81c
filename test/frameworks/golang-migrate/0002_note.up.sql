BEGIN;
SELECT pg_sleep(4);
ALTER TABLE golang_item ADD COLUMN note text;
COMMIT;
