-- The first range of goods.
INSERT INTO "products" ("id", "name", "price_cents", "currency", "stock") VALUES
    ('tea-green', 'Green tea, 100 g', 890, 'EUR', 120),
    ('tea-black', 'Black tea, 100 g', 790, 'EUR', 80),
    ('tea-mint', 'Mint tea, 80 g', 590, 'EUR', 60),
    ('pot-clay', 'Clay teapot', 4900, 'EUR', 12),
    ('cup-glass', 'Glass cup', 1250, 'EUR', 40),
    ('kettle-steel', 'Steel kettle', 6900, 'EUR', 5)
ON CONFLICT ("id") DO NOTHING;
