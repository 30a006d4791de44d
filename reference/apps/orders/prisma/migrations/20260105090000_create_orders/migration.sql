-- Orders as they were placed. `reference` is the client's own name for an order.
SET lock_timeout = '2s';
SET statement_timeout = '10s';

CREATE TABLE IF NOT EXISTS "orders" (
    "id" UUID PRIMARY KEY,
    "status" TEXT NOT NULL,
    "placed_at" TIMESTAMPTZ(3) NOT NULL,
    "reference" TEXT
);

CREATE TABLE IF NOT EXISTS "order_items" (
    "order_id" UUID NOT NULL REFERENCES "orders" ("id") ON DELETE RESTRICT ON UPDATE CASCADE,
    "position" INTEGER NOT NULL,
    "product_id" TEXT NOT NULL,
    "quantity" INTEGER NOT NULL CHECK ("quantity" > 0),
    PRIMARY KEY ("order_id", "position")
);
