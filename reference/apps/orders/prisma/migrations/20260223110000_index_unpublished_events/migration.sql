-- The relay asks for what is not published yet: few rows of many.
CREATE INDEX CONCURRENTLY IF NOT EXISTS "outbox_events_unpublished_idx" ON "outbox_events" ("sequence") WHERE "published_at" IS NULL;
