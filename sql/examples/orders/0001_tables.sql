-- Users who order products. History stays when a user or a product goes: an order keeps its lines, and each line its name and price.
SET LOCAL ROLE :"owner";

CREATE SCHEMA IF NOT EXISTS shop;

CREATE TABLE IF NOT EXISTS shop.users (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email text NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);
-- An address is free again once its user is gone.
CREATE UNIQUE INDEX IF NOT EXISTS users_email ON shop.users (lower(email)) WHERE deleted_at IS NULL;

CREATE TABLE IF NOT EXISTS shop.products (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sku text NOT NULL UNIQUE,
  name text NOT NULL,
  price numeric(12, 2) NOT NULL CHECK (price >= 0),
  stock integer NOT NULL DEFAULT 0 CHECK (stock >= 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE IF NOT EXISTS shop.orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id bigint REFERENCES shop.users ON DELETE SET NULL,
  status text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'paid', 'shipped', 'done', 'cancelled')),
  total numeric(14, 2) NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
CREATE INDEX IF NOT EXISTS orders_user_created ON shop.orders (user_id, created_at DESC);
CREATE INDEX IF NOT EXISTS orders_open ON shop.orders (created_at) WHERE status IN ('new', 'paid');

CREATE TABLE IF NOT EXISTS shop.order_items (
  order_id bigint NOT NULL REFERENCES shop.orders ON DELETE CASCADE,
  line integer NOT NULL,
  product_id bigint REFERENCES shop.products ON DELETE SET NULL,
  product_name text NOT NULL,
  price numeric(12, 2) NOT NULL,
  quantity integer NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (order_id, line)
);
CREATE INDEX IF NOT EXISTS order_items_product ON shop.order_items (product_id);

-- For consumers of logical replication; each has a slot of its own, declared under pgha:cluster.slots.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'pub_orders') THEN
    CREATE PUBLICATION pub_orders FOR TABLE shop.orders, shop.order_items;
  END IF;
END
$$;
