// Orders in the memory of the process: gone when it ends, and unknown to every other task.

import type { AddResult, Idempotency, OrderPage, OrderStore } from "./order-store.js";
import type { Order } from "./order.js";

/** Orders are at most about 8 kB each, so a full store stays far below the task's 512 MiB. */
const DEFAULT_CAPACITY = 10_000;

interface Accepted {
  readonly fingerprint: string;
  readonly order: Order;
}

/** Refuses orders above its capacity, and never evicts: an order that was accepted must not vanish. */
export class MemoryOrderStore implements OrderStore {
  readonly #capacity: number;
  readonly #sequence: Order[] = [];
  readonly #positions = new Map<string, number>();
  // One key leads to one order, so the capacity bounds this as well.
  readonly #accepted = new Map<string, Accepted>();

  constructor(capacity: number = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  // Nothing in here awaits, which is what makes it atomic.
  async add(order: Order, idempotency?: Idempotency): Promise<AddResult> {
    const earlier = idempotency && this.#accepted.get(idempotency.key);
    if (earlier) {
      return earlier.fingerprint === idempotency.fingerprint
        ? { outcome: "replayed", order: earlier.order }
        : { outcome: "key_reused" };
    }
    if (this.#sequence.length >= this.#capacity) return { outcome: "full" };
    this.#positions.set(order.id, this.#sequence.length);
    this.#sequence.push(order);
    if (idempotency) this.#accepted.set(idempotency.key, { fingerprint: idempotency.fingerprint, order });
    return { outcome: "added", order };
  }

  async get(id: string): Promise<Order | undefined> {
    const position = this.#positions.get(id);
    return position === undefined ? undefined : this.#sequence[position];
  }

  async list({ limit, after }: { limit: number; after?: string | undefined }): Promise<OrderPage | undefined> {
    const previous = after === undefined ? -1 : this.#positions.get(after);
    if (previous === undefined) return undefined;
    const end = previous + 1 + limit;
    const orders = this.#sequence.slice(previous + 1, end);
    return { orders, next: end < this.#sequence.length ? (orders.at(-1)?.id ?? null) : null };
  }
}
