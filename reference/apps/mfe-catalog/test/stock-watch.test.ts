import assert from "node:assert/strict";
import { test } from "node:test";

import type { Product } from "../src/products.js";
import { READ_AFTER_MS, watchStock } from "../src/stock-watch.js";

function stocks(tea: number, jam: number): readonly Product[] {
  return [
    { id: "tea", name: "Tea", priceCents: 450, currency: "EUR", stock: tea },
    { id: "jam", name: "Jam", priceCents: 550, currency: "EUR", stock: jam },
  ];
}

/** Watches with these answers, one a reading; the last one stays. An error is a reading that fails. */
async function watch(productIds: readonly string[], answers: readonly (readonly Product[] | Error)[]) {
  const waits: number[] = [];
  const shown: (readonly Product[])[] = [];
  let readings = 0;
  const done = await watchStock({
    productIds,
    before: stocks(7, 3),
    read: async () => {
      const answer = answers[Math.min(readings, answers.length - 1)];
      readings += 1;
      if (answer === undefined || answer instanceof Error) throw answer;
      return answer;
    },
    wait: async (ms) => void waits.push(ms),
    onProducts: (products) => shown.push(products),
  });
  return { done, readings, waits, shown };
}

test("it ends with the first reading that shows the change", async () => {
  const { done, readings, shown } = await watch(["tea"], [stocks(7, 3), stocks(5, 3)]);
  assert.equal(done, true);
  assert.equal(readings, 2);
  assert.deepEqual(shown, [stocks(7, 3), stocks(5, 3)]);
});

test("it waits for each product of the order", async () => {
  const { done, readings } = await watch(["tea", "jam"], [stocks(5, 3), stocks(5, 2)]);
  assert.equal(done, true);
  assert.equal(readings, 2);
});

test("another product's change is not taken for the order's", async () => {
  const { done } = await watch(["tea"], [stocks(7, 2)]);
  assert.equal(done, false);
});

test("a reading that fails is one reading less, and no more", async () => {
  const { done, readings } = await watch(["tea"], [new Error("status 503"), stocks(5, 3)]);
  assert.equal(done, true);
  assert.equal(readings, 2);
});

test("it gives up when the bound is reached", async () => {
  const { done, waits } = await watch(["tea"], [stocks(7, 3)]);
  assert.equal(done, false);
  assert.deepEqual(waits, [...READ_AFTER_MS]);
});

test("a product that was not shown before is not waited for", async () => {
  const { done, readings } = await watch(["tea", "gone"], [stocks(6, 3)]);
  assert.equal(done, true);
  assert.equal(readings, 1);
});
