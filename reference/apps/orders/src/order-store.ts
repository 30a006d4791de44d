// Where orders are kept, as the routes see it. Asynchronous, so that a database fits behind it.

import type { Order } from "./order.js";

/** Makes a retried request safe: the same key with the same fingerprint is the same request. */
export interface Idempotency {
  readonly key: string;
  /** A digest of what was asked for. */
  readonly fingerprint: string;
}

export type AddResult =
  | { readonly outcome: "added"; readonly order: Order }
  /** The key was used before, for the same thing: here is the order that it led to. */
  | { readonly outcome: "replayed"; readonly order: Order }
  /** The key was used before, for something else. */
  | { readonly outcome: "key_reused" }
  /** Nothing was kept. */
  | { readonly outcome: "full" };

export interface OrderPage {
  readonly orders: readonly Order[];
  /** Pass it as `after` to get the next page; null on the last one. */
  readonly next: string | null;
}

export interface OrderStore {
  /**
   * Keeps the order and its key in one atomic step, so that of two requests with the same key at the same time one is
   * added and the other replayed. (In SQL: one transaction, with a unique index on the key.)
   */
  add(order: Order, idempotency?: Idempotency): Promise<AddResult>;

  get(id: string): Promise<Order | undefined>;

  /** Orders in the sequence they were placed. Undefined where `after` is no order. */
  list(page: { readonly limit: number; readonly after?: string | undefined }): Promise<OrderPage | undefined>;
}
