-- Alone in its file: an index is built without locking writers out only outside of a transaction.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "orders_idempotency_key_key" ON "orders" ("idempotency_key");
