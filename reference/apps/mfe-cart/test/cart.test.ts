import assert from "node:assert/strict";
import { test } from "node:test";

import { add, MAX_QUANTITY, orderLines, pieces, setQuantity, totals } from "../src/cart.js";

const tea = { productId: "tea", name: "Tea", priceCents: 450, currency: "EUR" };
const jam = { productId: "jam", name: "Jam", priceCents: 550, currency: "EUR" };

test("the same product twice is one line of two", () => {
  const lines = add(add(add([], tea), jam), tea);
  assert.deepEqual(lines, [
    { ...tea, quantity: 2 },
    { ...jam, quantity: 1 },
  ]);
  assert.equal(pieces(lines), 3);
});

test("a price that changed since replaces the old one", () => {
  const lines = add(add([], tea), { ...tea, priceCents: 500 });
  assert.deepEqual(lines, [{ ...tea, priceCents: 500, quantity: 2 }]);
});

test("a quantity of none takes the line out, and one above the limit is the limit", () => {
  const lines = add(add([], tea), jam);
  assert.deepEqual(setQuantity(lines, "tea", 0), [{ ...jam, quantity: 1 }]);
  assert.equal(setQuantity(lines, "tea", MAX_QUANTITY + 1)[0]?.quantity, MAX_QUANTITY);
  assert.equal(add(setQuantity(lines, "tea", MAX_QUANTITY), tea)[0]?.quantity, MAX_QUANTITY);
});

test("totals are kept apart by currency", () => {
  const lines = add(add(add([], tea), tea), { ...jam, currency: "CHF" });
  assert.deepEqual(
    [...totals(lines)],
    [
      ["EUR", 900],
      ["CHF", 550],
    ],
  );
});

test("an order says which and how many, and no price", () => {
  assert.deepEqual(orderLines(add(add([], tea), tea)), [{ productId: "tea", quantity: 2 }]);
});
