-- Expand, first of a pair: `idempotency_key` takes the place of `reference`. Releases before it go on with `reference`, and from
-- this one on none reads or writes it. MIGRATIONS.md says when it may go.
SET lock_timeout = '2s';

ALTER TABLE "orders" ADD COLUMN "idempotency_key" TEXT, ADD COLUMN "fingerprint" TEXT;
