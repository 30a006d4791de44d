import assert from "node:assert/strict";
import { test } from "node:test";

import { parseProducts, readProducts } from "../src/products.js";

const tea = { id: "p-1", name: "Tea", priceCents: 450, currency: "EUR", stock: 7 };

test("products are read from the API, past every cache", async () => {
  const asked: [string, RequestInit | undefined][] = [];
  const products = await readProducts(async (url, init) => {
    asked.push([String(url), init]);
    return Response.json({ products: [tea] });
  });
  assert.deepEqual(products, [tea]);
  assert.equal(asked.length, 1);
  assert.equal(asked[0]?.[0], "/api/products");
  assert.equal(asked[0]?.[1]?.cache, "no-store");
});

test("an error of the API is an error that names the status", async () => {
  await assert.rejects(
    readProducts(async () => Response.json({}, { status: 503 })),
    /got status 503/,
  );
});

test("a field that a later release adds does no harm", () => {
  assert.deepEqual(parseProducts({ products: [{ ...tea, colour: "green" }], next: null }), [tea]);
});

for (const [what, body, message] of [
  ["no object", null, /^products: expected an array/],
  ["no list", { products: {} }, /^products: expected an array/],
  ["a list of something else", { products: ["tea"] }, /^products\[0\]: expected an object/],
  ["no id", { products: [tea, { ...tea, id: "" }] }, /^products\[1\]\.id/],
  ["no name", { products: [{ ...tea, name: 1 }] }, /^products\[0\]\.name/],
  ["a price in fractions of a cent", { products: [{ ...tea, priceCents: 4.5 }] }, /^products\[0\]\.priceCents/],
  ["a currency that Intl refuses", { products: [{ ...tea, currency: "euro" }] }, /^products\[0\]\.currency/],
  ["a stock below zero", { products: [{ ...tea, stock: -1 }] }, /^products\[0\]\.stock/],
] as const) {
  test(`${what} is refused by name`, () => {
    assert.throws(() => parseProducts(body), { message });
  });
}
