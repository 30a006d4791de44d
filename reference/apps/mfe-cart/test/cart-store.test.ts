import assert from "node:assert/strict";
import { test } from "node:test";

import { CartStore, EMPTY, STORAGE_KEY, type CartState } from "../src/cart-store.js";

const line = { productId: "tea", name: "Tea", priceCents: 450, currency: "EUR", quantity: 2 };

/** A storage of one item, which is all that the store uses. */
function storage(text: string | null) {
  const items = new Map<string, string>(text === null ? [] : [[STORAGE_KEY, text]]);
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
  };
}

test("what is saved is loaded, the key of a pending order included", () => {
  const state: CartState = { lines: [line], pendingKey: "k-1" };
  const kept = storage(null);
  assert.equal(new CartStore(kept).save(state), true);
  assert.deepEqual(new CartStore(kept).load(), state);
});

for (const [what, text] of [
  ["nothing", null],
  ["no JSON", "{"],
  ["another shape", '{"lines":{}}'],
  ["a line without a price", JSON.stringify({ lines: [{ ...line, priceCents: null }], pendingKey: null })],
  ["a currency that Intl refuses", JSON.stringify({ lines: [{ ...line, currency: "euro" }], pendingKey: null })],
  ["a quantity of half a piece", JSON.stringify({ lines: [{ ...line, quantity: 0.5 }], pendingKey: null })],
] as const) {
  test(`${what} in the storage is an empty cart`, () => {
    assert.deepEqual(new CartStore(storage(text)).load(), EMPTY);
  });
}

test("a key without lines is no pending order", () => {
  assert.deepEqual(new CartStore(storage('{"lines":[],"pendingKey":"k-1"}')).load(), EMPTY);
});

test("storage that is switched off costs what it keeps, and nothing else", () => {
  const refuse = (): never => {
    throw new Error("SecurityError");
  };
  const store = new CartStore({ getItem: refuse, setItem: refuse });
  assert.deepEqual(store.load(), EMPTY);
  assert.equal(store.save({ lines: [line], pendingKey: null }), false);
});
