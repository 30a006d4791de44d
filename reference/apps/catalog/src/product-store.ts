// What the shop sells, and how much of it there is.

import type { OrderPlaced, Product } from "@reference-shop/contracts";

import type { Database } from "./database.js";
import { Prisma } from "./generated/client.js";

export interface Shortage {
  readonly productId: string;
  readonly missing: number;
}

export type TakeResult =
  | { readonly outcome: "taken"; readonly shortages: readonly Shortage[] }
  /** The event was handled before. */
  | { readonly outcome: "repeated" };

interface Taken {
  readonly taken: number;
}

export class ProductStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(): Promise<Product[]> {
    return this.#database.product.findMany({ orderBy: { name: "asc" } });
  }

  async get(id: string): Promise<Product | null> {
    return this.#database.product.findUnique({ where: { id } });
  }

  /** Takes what was ordered from the stock, once for each event. What is not there is written down. */
  async take({ eventId, orderId, items }: OrderPlaced): Promise<TakeResult> {
    try {
      const shortages = await this.#database.$transaction(async (transaction) => {
        // First, so that of two tasks with the same event at the same time one waits here, and then gives up.
        await transaction.inboxEvent.create({ data: { id: eventId, orderId, handledAt: new Date() } });
        const short: Shortage[] = [];
        for (const { productId, quantity } of wanted(items)) {
          // One statement: another order can't come in between, and the stock never falls below zero.
          const [row] = await transaction.$queryRaw<Taken[]>`
            WITH before AS (SELECT id, stock FROM products WHERE id = ${productId} FOR UPDATE)
            UPDATE products SET stock = greatest(products.stock - ${quantity}, 0) FROM before
            WHERE products.id = before.id RETURNING least(before.stock, ${quantity})::int AS taken`;
          const missing = quantity - (row?.taken ?? 0);
          if (missing > 0) short.push({ productId, missing });
        }
        if (short.length > 0) {
          await transaction.stockShortage.createMany({ data: short.map((each) => ({ ...each, eventId })) });
        }
        return short;
      });
      return { outcome: "taken", shortages };
    } catch (error) {
      const repeated = error instanceof Prisma.PrismaClientKnownRequestError && error.code === "P2002";
      if (repeated) return { outcome: "repeated" };
      throw error;
    }
  }
}

/** Each product once, in one order for all tasks: rows that are locked in the same order can't block each other for ever. */
function wanted(items: OrderPlaced["items"]): OrderPlaced["items"] {
  const sums = new Map<string, number>();
  for (const { productId, quantity } of items) sums.set(productId, (sums.get(productId) ?? 0) + quantity);
  return [...sums]
    .map(([productId, quantity]) => ({ productId, quantity }))
    .sort((a, b) => (a.productId < b.productId ? -1 : 1));
}
