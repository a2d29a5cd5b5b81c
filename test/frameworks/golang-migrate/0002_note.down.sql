ALTER TABLE golang_item DROP COLUMN note;
