import assert from "node:assert/strict";
import { test } from "node:test";

import type { Order, OrderRequest } from "@reference-shop/contracts";
import { createHttp } from "@reference-shop/service-kit";
import { pino } from "pino";

import type { OrderStore, PlaceResult } from "../src/order-store.js";
import { orderRoutes } from "../src/routes.js";

const ITEMS = [{ productId: "tea-green", quantity: 2 }];
const ORDER: Order = {
  id: "0b8a6f0e-6f1d-4c5b-9a2e-2f1f6a3f9c11",
  status: "placed",
  items: ITEMS,
  placedAt: "2026-01-05T09:00:00.000Z",
};

/** The routes on a store that answers as it is told. */
function routesOn(result: PlaceResult | Error) {
  const calls: { request: OrderRequest; key: string }[] = [];
  let woken = 0;
  const store: Pick<OrderStore, "place" | "get"> = {
    place: async (request, key) => {
      calls.push({ request, key });
      if (result instanceof Error) throw result;
      return result;
    },
    get: async (id) => (id === ORDER.id ? ORDER : undefined),
  };
  const logger = pino({ level: "silent" });
  const app = createHttp({ version: "1.0.0", logger, isDraining: () => false, dependencies: [] });
  orderRoutes(app, store, () => {
    woken += 1;
  });
  const post = (headers: Record<string, string>, payload: unknown = { items: ITEMS }) =>
    app.inject({ method: "POST", url: "/api/orders", headers, payload: payload as object });
  return { app, post, calls, woken: () => woken };
}

test("a new order is a 201 with its Location, and is to be told of", async () => {
  const { post, calls, woken } = routesOn({ outcome: "placed", order: ORDER });
  const answer = await post({ "idempotency-key": "k-1" });
  assert.deepEqual([answer.statusCode, answer.headers.location], [201, `/api/orders/${ORDER.id}`]);
  assert.deepEqual(answer.json(), ORDER);
  assert.deepEqual(calls, [{ request: { items: ITEMS }, key: "k-1" }]);
  assert.equal(woken(), 1);
});

test("a repeated order is a 200, and there is nothing to tell", async () => {
  const { post, woken } = routesOn({ outcome: "replayed", order: ORDER });
  const answer = await post({ "idempotency-key": "k-1" });
  assert.deepEqual([answer.statusCode, answer.json(), woken()], [200, ORDER, 0]);
});

test("a key that was used for another order is a 422", async () => {
  const { post, woken } = routesOn({ outcome: "key_reused" });
  const answer = await post({ "idempotency-key": "k-1" });
  assert.deepEqual([answer.statusCode, answer.json().code, woken()], [422, "idempotency_key_reused", 0]);
});

test("what can't be an order never reaches the store", async () => {
  const { post, calls } = routesOn({ outcome: "placed", order: ORDER });
  for (const [headers, payload, code] of [
    [{}, { items: ITEMS }, "idempotency_key_required"],
    [{ "idempotency-key": "two words" }, { items: ITEMS }, "idempotency_key_required"],
    [{ "idempotency-key": "k-1" }, { items: [] }, "invalid_request"],
    [{ "idempotency-key": "k-1" }, { items: ITEMS, customer: "c-1" }, "invalid_request"],
  ] as const) {
    const answer = await post(headers, payload);
    assert.deepEqual([answer.statusCode, answer.json().code], [400, code]);
  }
  assert.deepEqual(calls, []);
});

test("a store that fails is a 500 that tells nothing of it", async () => {
  const { post, woken } = routesOn(new Error("connect ECONNREFUSED 10.0.0.7:5432"));
  const answer = await post({ "idempotency-key": "k-1" });
  assert.deepEqual([answer.statusCode, answer.json().code, woken()], [500, "internal_error", 0]);
  assert.doesNotMatch(answer.body, /10\.0\.0\.7/);
});

test("an order is found by its id; what can be no id is not asked for", async () => {
  const { app } = routesOn({ outcome: "key_reused" });
  assert.deepEqual((await app.inject({ url: `/api/orders/${ORDER.id}` })).json(), ORDER);
  for (const id of ["none", ORDER.id.toUpperCase(), "00000000-0000-4000-8000-000000000000"]) {
    const answer = await app.inject({ url: `/api/orders/${id}` });
    assert.deepEqual([answer.statusCode, answer.json().code], [404, "order_not_found"], id);
  }
});
