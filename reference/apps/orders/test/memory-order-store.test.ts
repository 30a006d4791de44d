import assert from "node:assert/strict";
import { test } from "node:test";

import { MemoryOrderStore } from "../src/memory-order-store.js";
import type { Order } from "../src/order.js";

function order(id: string): Order {
  return { id, placedAt: "2030-01-01T00:00:00.000Z", customerId: "c-1", items: [{ sku: "TEA-1", quantity: 1 }] };
}

async function filled(...ids: readonly string[]): Promise<MemoryOrderStore> {
  const store = new MemoryOrderStore();
  for (const id of ids) await store.add(order(id));
  return store;
}

test("an order is found by its id, and no other is", async () => {
  const store = await filled("a");
  assert.deepEqual(await store.get("a"), order("a"));
  assert.equal(await store.get("b"), undefined);
});

test("the same key for the same thing leads to the first order", async () => {
  const store = new MemoryOrderStore();
  const idempotency = { key: "k", fingerprint: "f" };
  const results = await Promise.all([store.add(order("a"), idempotency), store.add(order("b"), idempotency)]);
  assert.deepEqual(results, [
    { outcome: "added", order: order("a") },
    { outcome: "replayed", order: order("a") },
  ]);
  assert.equal(await store.get("b"), undefined);
});

test("the same key for something else is refused", async () => {
  const store = new MemoryOrderStore();
  await store.add(order("a"), { key: "k", fingerprint: "f" });
  assert.deepEqual(await store.add(order("b"), { key: "k", fingerprint: "g" }), { outcome: "key_reused" });
  assert.equal(await store.get("b"), undefined);
});

test("a full store refuses, keeps what it has, and still replays", async () => {
  const store = new MemoryOrderStore(1);
  await store.add(order("a"), { key: "k", fingerprint: "f" });
  assert.deepEqual(await store.add(order("b"), { key: "l", fingerprint: "g" }), { outcome: "full" });
  assert.deepEqual(await store.get("a"), order("a"));
  assert.equal((await store.add(order("c"), { key: "k", fingerprint: "f" })).outcome, "replayed");
});

test("pages follow each other without gap or overlap", async () => {
  const store = await filled("a", "b", "c", "d", "e");
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const page = await store.list({ limit: 2, after });
    assert.ok(page);
    seen.push(...page.orders.map(({ id }) => id));
    after = page.next ?? undefined;
  } while (after !== undefined);
  assert.deepEqual(seen, ["a", "b", "c", "d", "e"]);
});

test("a page that ends with the last order has no next one", async () => {
  const store = await filled("a", "b");
  assert.equal((await store.list({ limit: 2 }))?.next, null);
  assert.deepEqual(await store.list({ limit: 2, after: "b" }), { orders: [], next: null });
});

test("an empty store has an empty page, and an unknown cursor none", async () => {
  const store = new MemoryOrderStore();
  assert.deepEqual(await store.list({ limit: 2 }), { orders: [], next: null });
  assert.equal(await store.list({ limit: 2, after: "zzz" }), undefined);
});
