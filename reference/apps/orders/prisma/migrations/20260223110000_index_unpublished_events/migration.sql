-- The relay asks for what is not published yet: few rows of many.
-- It takes as long as it takes, waits for nobody who writes, and nobody who writes waits for it.
-- squawk-ignore require-lock-timeout, require-statement-timeout
CREATE INDEX CONCURRENTLY IF NOT EXISTS "outbox_events_unpublished_idx" ON "outbox_events" ("sequence") WHERE "published_at" IS NULL;
