SET LOCAL ROLE :"owner";

-- Deletes what nothing leads to any more, and says how many rows of each. Rows that are younger than `older_than` are left alone.
CREATE OR REPLACE FUNCTION shop.cleanup_orphaned_records(older_than interval DEFAULT '90 days') RETURNS TABLE (kind text, deleted bigint)
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  WITH empty_orders AS (
    DELETE FROM shop.orders WHERE status IN ('new', 'cancelled') AND updated_at < now() - older_than
      AND NOT EXISTS (SELECT FROM shop.order_items WHERE order_id = orders.id) RETURNING 1
  ), gone_users AS (
    DELETE FROM shop.users WHERE deleted_at < now() - older_than
      AND NOT EXISTS (SELECT FROM shop.orders WHERE user_id = users.id) RETURNING 1
  ), gone_products AS (
    DELETE FROM shop.products WHERE deleted_at < now() - older_than
      AND NOT EXISTS (SELECT FROM shop.order_items WHERE product_id = products.id) RETURNING 1
  )
  SELECT 'orders without items', count(*) FROM empty_orders
  UNION ALL SELECT 'deleted users without orders', count(*) FROM gone_users
  UNION ALL SELECT 'deleted products never ordered', count(*) FROM gone_products
$$;
GRANT EXECUTE ON FUNCTION shop.cleanup_orphaned_records(interval) TO :"database";
