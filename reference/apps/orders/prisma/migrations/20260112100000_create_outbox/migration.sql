-- Events wait here until the broker has confirmed them.
CREATE TABLE "outbox_events" (
    "id" UUID PRIMARY KEY,
    "sequence" BIGSERIAL NOT NULL,
    "routing_key" TEXT NOT NULL,
    "content" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "published_at" TIMESTAMPTZ(3)
);
