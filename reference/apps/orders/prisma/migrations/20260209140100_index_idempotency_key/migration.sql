-- Alone in its file: an index is built without locking writers out only outside of a transaction.
-- It takes as long as it takes, waits for nobody who writes, and nobody who writes waits for it.
-- squawk-ignore require-lock-timeout, require-statement-timeout
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "orders_idempotency_key_key" ON "orders" ("idempotency_key");
