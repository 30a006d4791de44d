import assert from "node:assert/strict";
import { test } from "node:test";

import { parseOrderPlaced, type OrderPlaced } from "../src/index.js";

const EVENT: OrderPlaced = {
  eventId: "e-1",
  orderId: "o-1",
  placedAt: "2026-01-05T09:00:00.000Z",
  items: [{ productId: "tea-green", quantity: 2 }],
};

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

test("an event is read as it was written", () => {
  assert.deepEqual(parseOrderPlaced(encode(EVENT)), EVENT);
});

test("what a later release adds is let through", () => {
  const later = { ...EVENT, note: "leave at the door" };
  assert.deepEqual(parseOrderPlaced(encode(later)), later);
});

const WRONG: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ["no JSON", new TextEncoder().encode("{"), /JSON/],
  ["no UTF-8", new Uint8Array([0x22, 0xff, 0x22]), /UTF-8/],
  ["nothing", new Uint8Array(), /JSON/],
  ["another thing", encode([]), /object/i],
  ["no id", encode({ ...EVENT, eventId: "" }), /eventId/],
  ["no items", encode({ ...EVENT, items: [] }), /items/],
  ["half a unit", encode({ ...EVENT, items: [{ productId: "tea-green", quantity: 0.5 }] }), /items\/0\/quantity/],
  ["a strange product", encode({ ...EVENT, items: [{ productId: "a b", quantity: 1 }] }), /items\/0\/productId/],
];

for (const [what, content, why] of WRONG) {
  test(`${what} is no event, and it is said why`, () => {
    const read = parseOrderPlaced(content);
    assert.equal(typeof read, "string");
    assert.match(read as string, why);
  });
}
