-- More was ordered than there was. Until now only a log line told of it.
SET lock_timeout = '2s';
SET statement_timeout = '10s';

CREATE TABLE IF NOT EXISTS "stock_shortages" (
    "event_id" TEXT NOT NULL REFERENCES "inbox_events" ("id") ON DELETE RESTRICT ON UPDATE CASCADE,
    "product_id" TEXT NOT NULL,
    "missing" INTEGER NOT NULL CHECK ("missing" > 0),
    PRIMARY KEY ("event_id", "product_id")
);
