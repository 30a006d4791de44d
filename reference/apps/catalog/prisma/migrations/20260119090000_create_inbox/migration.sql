-- The events that were handled, so that none is handled twice.
CREATE TABLE IF NOT EXISTS "inbox_events" (
    "id" TEXT PRIMARY KEY,
    "order_id" TEXT NOT NULL,
    "handled_at" TIMESTAMPTZ(3) NOT NULL
);
