// The API under /api/products.

import type { Product, ProductList } from "@reference-shop/contracts";
import { Problem } from "@reference-shop/service-kit";
import type { FastifyInstance } from "fastify";

import type { Cache } from "./cache.js";
import type { ProductStore } from "./product-store.js";

export const LIST_KEY = "products";
export const productKey = (id: string): string => `product:${id}`;

const ID = /^[a-z0-9-]{1,64}$/;

export function productRoutes(app: FastifyInstance, store: ProductStore, cache: Cache): void {
  app.get("/api/products", async (): Promise<ProductList> => {
    return { products: await cache.through(LIST_KEY, () => store.list()) };
  });

  app.get<{ Params: { id: string } }>("/api/products/:id", async (request): Promise<Product> => {
    const { id } = request.params;
    const product = ID.test(id) ? await cache.through(productKey(id), () => store.get(id)) : null;
    if (!product) throw new Problem(404, "product_not_found", "There is no such product.");
    return product;
  });
}
