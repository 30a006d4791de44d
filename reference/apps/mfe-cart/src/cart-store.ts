// Keeps the cart in the browser, so that a reload loses neither the cart nor the key of an order that is under way.

import { MAX_QUANTITY, type CartLine, type Lines } from "./cart.js";

export interface CartState {
  readonly lines: Lines;
  /**
   * The idempotency key of an order that was sent and whose answer isn't known. The lines are the order's until it is:
   * a change to them would need a new key, and so might order twice.
   */
  readonly pendingKey: string | null;
}

export const STORAGE_KEY = "shop.cart.v1";
export const EMPTY: CartState = { lines: [], pendingKey: null };

export class CartStore {
  readonly #storage: Pick<Storage, "getItem" | "setItem">;

  constructor(storage: Pick<Storage, "getItem" | "setItem">) {
    this.#storage = storage;
  }

  /** What was saved; empty where nothing was, or nothing that this release understands. */
  load(): CartState {
    try {
      return parseState(JSON.parse(this.#storage.getItem(STORAGE_KEY) ?? "null"));
    } catch {
      // Storage that is switched off, or that somebody else wrote to.
      return EMPTY;
    }
  }

  /** Returns whether it was kept. Where it wasn't, the cart lives as long as the page. */
  save(state: CartState): boolean {
    try {
      this.#storage.setItem(STORAGE_KEY, JSON.stringify(state));
      return true;
    } catch {
      return false;
    }
  }
}

function parseState(value: unknown): CartState {
  if (!isRecord(value)) return EMPTY;
  const { lines, pendingKey } = value;
  if (!Array.isArray(lines) || !lines.every(isLine)) return EMPTY;
  return { lines, pendingKey: typeof pendingKey === "string" && lines.length > 0 ? pendingKey : null };
}

function isLine(value: unknown): value is CartLine {
  if (!isRecord(value)) return false;
  const { productId, name, priceCents, currency, quantity } = value;
  return (
    typeof productId === "string" &&
    typeof name === "string" &&
    isIntegerWithin(priceCents, 0, Number.MAX_SAFE_INTEGER) &&
    typeof currency === "string" &&
    /^[A-Z]{3}$/.test(currency) &&
    isIntegerWithin(quantity, 1, MAX_QUANTITY)
  );
}

function isIntegerWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
