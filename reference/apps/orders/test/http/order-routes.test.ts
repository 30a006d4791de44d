import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { BODY_LIMIT_BYTES, orderRoutes } from "../../src/http/order-routes.js";
import { MemoryOrderStore } from "../../src/memory-order-store.js";
import { startService } from "../support/service.js";

const draft = { customerId: "c-1", items: [{ sku: "TEA-1", quantity: 2 }] };

async function startOrders(t: TestContext, capacity?: number) {
  const service = await startService(t, orderRoutes(new MemoryOrderStore(capacity)));
  const post = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
    fetch(`${service.url}/orders`, {
      method: "POST",
      body,
      headers: { "content-type": "application/json", ...headers },
    });
  const get = (path: string) => fetch(service.url + path);
  return { ...service, post, get };
}

async function problemOf(response: Response): Promise<{ status: number; code: string; detail: string }> {
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const { status, code, detail } = (await response.json()) as { status: number; code: string; detail: string };
  assert.equal(status, response.status);
  return { status, code, detail };
}

test("an order is created, and found at its Location", async (t) => {
  const { post, get } = await startOrders(t);
  const created = await post(JSON.stringify(draft));
  assert.equal(created.status, 201);
  const location = created.headers.get("location") ?? "";
  const order = (await created.json()) as Record<string, unknown>;
  assert.equal(location, `/orders/${order["id"]}`);
  assert.deepEqual({ customerId: order["customerId"], items: order["items"] }, draft);

  const found = await get(location);
  assert.equal(found.status, 200);
  assert.deepEqual(await found.json(), order);
});

test("an unknown order is a 404", async (t) => {
  const { get } = await startOrders(t);
  const problem = await problemOf(await get("/orders/none"));
  assert.deepEqual([problem.status, problem.code], [404, "no_such_order"]);
});

test("a retry with its Idempotency-Key gets the first answer", async (t) => {
  const { post, get } = await startOrders(t);
  const headers = { "idempotency-key": "retry-1" };
  const first = await post(JSON.stringify(draft), headers);
  const second = await post(JSON.stringify(draft, null, 2), headers);
  assert.deepEqual([first.status, second.status], [201, 201]);
  assert.equal(second.headers.get("location"), first.headers.get("location"));
  assert.equal(second.headers.get("idempotency-replayed"), "true");
  assert.deepEqual(await second.json(), await first.json());
  const { orders } = (await (await get("/orders")).json()) as { orders: unknown[] };
  assert.equal(orders.length, 1);
});

test("an Idempotency-Key for another order is a 422", async (t) => {
  const { post } = await startOrders(t);
  const headers = { "idempotency-key": "retry-1" };
  await post(JSON.stringify(draft), headers);
  const problem = await problemOf(await post(JSON.stringify({ ...draft, customerId: "c-2" }), headers));
  assert.deepEqual([problem.status, problem.code], [422, "idempotency_key_reused"]);
});

test("an Idempotency-Key with a space is a 400", async (t) => {
  const { post } = await startOrders(t);
  const problem = await problemOf(await post(JSON.stringify(draft), { "idempotency-key": "a b" }));
  assert.deepEqual([problem.status, problem.code], [400, "invalid_idempotency_key"]);
});

test("an invalid order is a 400 that names the field", async (t) => {
  const { post } = await startOrders(t);
  const response = await post(JSON.stringify({ ...draft, items: [{ sku: "TEA-1", quantity: 0 }] }));
  assert.deepEqual(await problemOf(response), {
    status: 400,
    code: "invalid_order",
    detail: "items[0].quantity: got 0, expected an integer from 1 to 1000",
  });
});

test("a body that is no JSON, or no UTF-8, is a 400", async (t) => {
  const { post } = await startOrders(t);
  for (const body of ["", "{", new Uint8Array([0x22, 0xff, 0x22])]) {
    assert.equal((await problemOf(await post(body))).code, "invalid_json");
  }
});

test("another media type is a 415", async (t) => {
  const { post } = await startOrders(t);
  const problem = await problemOf(await post("a=1", { "content-type": "application/x-www-form-urlencoded" }));
  assert.equal(problem.status, 415);
});

test("a body above the limit is a 413, whether its length is declared or not", async (t) => {
  const { post } = await startOrders(t);
  const body = " ".repeat(BODY_LIMIT_BYTES + 1);
  assert.equal((await problemOf(await post(body))).status, 413);

  const stream = new Blob([body]).stream();
  const init = { method: "POST", body: stream, duplex: "half", headers: { "content-type": "application/json" } };
  const { url } = await startOrders(t);
  assert.equal((await problemOf(await fetch(`${url}/orders`, init as RequestInit))).status, 413);
});

test("a body of exactly the limit is read", async (t) => {
  const { post } = await startOrders(t);
  assert.equal((await post(JSON.stringify(draft).padEnd(BODY_LIMIT_BYTES))).status, 201);
});

test("a full store is a 503", async (t) => {
  const { post } = await startOrders(t, 1);
  await post(JSON.stringify(draft));
  const refused = await post(JSON.stringify(draft));
  assert.equal(refused.headers.get("retry-after"), "60");
  assert.deepEqual((await problemOf(refused)).code, "store_full");
});

test("orders are listed page by page", async (t) => {
  const { post, get } = await startOrders(t);
  for (const customerId of ["c-1", "c-2", "c-3"]) await post(JSON.stringify({ ...draft, customerId }));
  const first = (await (await get("/orders?limit=2")).json()) as { orders: { customerId: string }[]; next: string };
  assert.deepEqual(first.orders.map((order) => order.customerId), ["c-1", "c-2"]);
  const second = (await (await get(`/orders?limit=2&after=${first.next}`)).json()) as typeof first;
  assert.deepEqual(second.orders.map((order) => order.customerId), ["c-3"]);
  assert.equal(second.next, null);
});

test("a wrong page is a 400", async (t) => {
  const { get } = await startOrders(t);
  for (const query of ["limit=0", "limit=101", "limit=x", "after=none"]) {
    assert.equal((await problemOf(await get(`/orders?${query}`))).code, "invalid_query", query);
  }
});

test("nothing of a body is logged", async (t) => {
  const { post, logged, inFlight } = await startOrders(t);
  const secret = "c-very-secret";
  await post(JSON.stringify({ ...draft, customerId: secret }));
  await post(JSON.stringify({ ...draft, customerId: `${secret} !` }));
  await post(`{"customerId":"${secret}"`);
  await inFlight.none();
  assert.equal(logged().length, 3);
  assert.ok(!JSON.stringify(logged()).includes("secret"));
});
