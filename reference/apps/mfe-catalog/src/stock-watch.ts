// After an order its stock is booked by an event, a moment later. This reads the products again until it shows.

import type { Product } from "./products.js";

export interface StockWatch {
  /** The products whose stock is expected to change. */
  readonly productIds: readonly string[];
  /** What was shown before the order. */
  readonly before: readonly Product[];
  readonly read: () => Promise<readonly Product[]>;
  readonly wait: (ms: number) => Promise<void>;
  /** Called with each answer, so that what is known shows at once. */
  readonly onProducts: (products: readonly Product[]) => void;
}

/** Milliseconds before each reading: quick at first, and 16 s in all. Then whoever is curious may ask by hand. */
export const READ_AFTER_MS = [150, 250, 400, 700, 1_000, 1_500, 2_000, 2_500, 3_500, 4_000] as const;

/** Returns whether the stock of each product changed within the bound. A reading that fails counts as one. */
export async function watchStock({ productIds, before, read, wait, onProducts }: StockWatch): Promise<boolean> {
  const stockBefore = stockById(before);
  const awaited = productIds.filter((id) => stockBefore.has(id));
  for (const ms of READ_AFTER_MS) {
    await wait(ms);
    let products: readonly Product[];
    try {
      products = await read();
    } catch {
      continue;
    }
    onProducts(products);
    const stockNow = stockById(products);
    if (awaited.every((id) => stockNow.get(id) !== stockBefore.get(id))) return true;
  }
  return false;
}

function stockById(products: readonly Product[]): ReadonlyMap<string, number> {
  return new Map(products.map(({ id, stock }) => [id, stock]));
}
