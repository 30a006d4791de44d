import assert from "node:assert/strict";
import { test } from "node:test";

import { InvalidDraft, parseDraft } from "../src/order.js";

const item = { sku: "TEA-1", quantity: 2 };

test("a draft comes out with its fields in a fixed order", () => {
  const draft = parseDraft({ items: [{ quantity: 2, sku: "TEA-1" }], customerId: "c-1" });
  assert.equal(JSON.stringify(draft), '{"customerId":"c-1","items":[{"sku":"TEA-1","quantity":2}]}');
});

const refused: readonly (readonly [name: string, value: unknown, message: string])[] = [
  ["null", null, "body: got null, expected an object with customerId and items"],
  ["an array", [], "body: got an array of 0, expected an object with customerId and items"],
  ["no customer", { items: [item] }, "customerId: got nothing, expected 1 to 40 letters, digits, _ or -"],
  [
    "a long customer",
    { customerId: "x".repeat(60), items: [item] },
    "customerId: got a string of 60 characters, expected 1 to 40 letters, digits, _ or -",
  ],
  ["no items", { customerId: "c-1", items: [] }, "items: got an array of 0, expected an array of 1 to 50 items"],
  [
    "too many items",
    { customerId: "c-1", items: Array(51).fill(item) },
    "items: got an array of 51, expected an array of 1 to 50 items",
  ],
  [
    "a bad item behind a good one",
    { customerId: "c-1", items: [item, { sku: "TEA-2", quantity: 1.5 }] },
    "items[1].quantity: got 1.5, expected an integer from 1 to 1000",
  ],
  [
    "a quantity as text",
    { customerId: "c-1", items: [{ sku: "TEA-1", quantity: "2" }] },
    'items[0].quantity: got "2", expected an integer from 1 to 1000',
  ],
  [
    "a SKU in small letters",
    { customerId: "c-1", items: [{ sku: "tea", quantity: 1 }] },
    'items[0].sku: got "tea", expected 1 to 40 capitals, digits or -, not starting with -',
  ],
  [
    "an unknown field",
    { customerId: "c-1", items: [item], price: 1 },
    'body: got an object with "price", expected no fields but customerId and items',
  ],
  [
    "an inherited name",
    JSON.parse('{"customerId":"c-1","items":[],"__proto__":{}}'),
    'body: got an object with "__proto__", expected no fields but customerId and items',
  ],
];

for (const [name, value, message] of refused) {
  test(`${name} is refused with the one thing to mend`, () => {
    assert.throws(
      () => parseDraft(value),
      (error) => {
        assert.ok(error instanceof InvalidDraft);
        assert.equal(error.message, message);
        return true;
      },
    );
  });
}
