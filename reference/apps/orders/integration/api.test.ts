import assert from "node:assert/strict";
import { test } from "node:test";

import type { Order } from "@reference-shop/contracts";
import { TEST_VERSION } from "@reference-shop/testing";

import { ITEMS, startOrders } from "./support/orders.js";

async function codeOf(response: Response): Promise<[number, string]> {
  assert.match(response.headers.get("content-type") ?? "", /^application\/problem\+json/);
  return [response.status, ((await response.json()) as { code: string }).code];
}

test("the API of orders", async (t) => {
  const { url, post, database } = await startOrders(t);
  const count = async () => Number((await database.query<{ count: string }>("SELECT count(*) FROM orders"))[0]?.count);

  await t.test("an order is placed, and found at its Location", async () => {
    const placed = await post("place-1");
    assert.equal(placed.status, 201);
    assert.equal(placed.headers.get("x-app-version"), TEST_VERSION);
    const order = (await placed.json()) as Order;
    assert.deepEqual([order.status, order.items], ["placed", ITEMS]);
    assert.ok(Math.abs(Date.parse(order.placedAt) - Date.now()) < 60_000);
    assert.equal(placed.headers.get("location"), `/api/orders/${order.id}`);

    const found = await fetch(`${url}/api/orders/${order.id}`);
    assert.equal(found.status, 200);
    assert.deepEqual(await found.json(), order);
  });

  await t.test("a note is kept with its order, and is part of what was asked for", async () => {
    const request = { items: ITEMS, note: "Leave it at the door." };
    const placed = (await (await post("note-1", request)).json()) as Order;
    assert.equal(placed.note, request.note);
    assert.deepEqual(await (await fetch(`${url}/api/orders/${placed.id}`)).json(), placed);
    assert.equal((await post("note-1", request)).status, 200);
    assert.deepEqual(await codeOf(await post("note-1")), [422, "idempotency_key_reused"]);
    assert.equal((await post("note-2", { ...request, note: "" })).status, 400);
  });

  await t.test("the same key again gets the same order", async () => {
    const first = await post("again-1");
    const second = await post("again-1");
    assert.deepEqual([first.status, second.status], [201, 200]);
    assert.deepEqual(await second.json(), await first.json());
  });

  await t.test("of many with one key at the same time, one places the order and all get it", async () => {
    const before = await count();
    const answers = await Promise.all(Array.from({ length: 20 }, () => post("race-1")));
    const statuses = answers.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [...Array<number>(19).fill(200), 201]);
    const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as Order).id));
    assert.equal(new Set(ids).size, 1);
    assert.equal(await count(), before + 1);
  });

  await t.test("the same key for another order is refused", async () => {
    await post("reused-1");
    const other = await post("reused-1", { items: [{ productId: "tea-mint", quantity: 1 }] });
    assert.deepEqual(await codeOf(other), [422, "idempotency_key_reused"]);
  });

  await t.test("an order without a key that can be relied on is refused", async () => {
    for (const key of ["", "two words", "k".repeat(129)]) {
      assert.deepEqual(await codeOf(await post(key)), [400, "idempotency_key_required"], key);
    }
  });

  await t.test("an order that is none is refused, and none of it is kept", async () => {
    const before = await count();
    const bodies: unknown[] = [
      {},
      { items: [] },
      { items: Array(51).fill(ITEMS[0]) },
      { items: [{ productId: "tea-green", quantity: 0 }] },
      { items: [{ productId: "tea-green", quantity: "1" }] },
      { items: [{ productId: "Tea Green", quantity: 1 }] },
      { items: ITEMS, price: 1 },
    ];
    for (const [index, body] of bodies.entries()) {
      assert.deepEqual(
        await codeOf(await post(`wrong-${index}`, body)),
        [400, "invalid_request"],
        JSON.stringify(body),
      );
    }
    assert.equal(await count(), before);
  });

  await t.test("an order that is not there is a 404", async () => {
    for (const id of ["00000000-0000-4000-8000-000000000000", "none", "'; DROP TABLE orders; --"]) {
      const answer = await fetch(`${url}/api/orders/${encodeURIComponent(id)}`);
      assert.deepEqual(await codeOf(answer), [404, "order_not_found"], id);
    }
  });
});
