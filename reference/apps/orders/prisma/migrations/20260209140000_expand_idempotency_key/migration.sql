-- Expand, first of a pair: `idempotency_key` takes the place of `reference`. Releases before it go on with `reference`, and from
-- this one on none reads or writes it. MIGRATIONS.md says when it may go.
SET lock_timeout = '2s';
SET statement_timeout = '10s';

ALTER TABLE "orders" ADD COLUMN IF NOT EXISTS "idempotency_key" TEXT, ADD COLUMN IF NOT EXISTS "fingerprint" TEXT;
