-- What the shop sells. Stock can't fall below zero, whatever the code does.
CREATE TABLE IF NOT EXISTS "products" (
    "id" TEXT PRIMARY KEY,
    "name" TEXT NOT NULL,
    "price_cents" INTEGER NOT NULL CHECK ("price_cents" >= 0),
    "currency" TEXT NOT NULL,
    "stock" INTEGER NOT NULL CHECK ("stock" >= 0)
);
