-- Expand: release 2 writes and reads `note`. Release 1 knows nothing of it, and serves on while the two are there together.
SET lock_timeout = '2s';
SET statement_timeout = '10s';

ALTER TABLE "orders" ADD COLUMN IF NOT EXISTS "note" TEXT;
