// Products, as the catalog shows them.

import { Type, type Static } from "@sinclair/typebox";

export const ProductId = Type.String({ minLength: 1, maxLength: 64, pattern: "^[a-z0-9-]+$" });

export const Product = Type.Object({
  id: ProductId,
  name: Type.String(),
  /** In the currency's smallest unit. */
  priceCents: Type.Integer({ minimum: 0 }),
  /** ISO 4217. */
  currency: Type.String({ pattern: "^[A-Z]{3}$" }),
  /** Units that can still be ordered. */
  stock: Type.Integer({ minimum: 0 }),
});
export type Product = Static<typeof Product>;

/** Answer to `GET /api/products`. */
export const ProductList = Type.Object({ products: Type.Array(Product) });
export type ProductList = Static<typeof ProductList>;
