DROP TABLE golang_item;
