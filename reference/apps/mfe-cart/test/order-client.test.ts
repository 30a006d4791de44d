import assert from "node:assert/strict";
import { test } from "node:test";

import { placeOrder, RETRY_AFTER_MS } from "../src/order-client.js";

const items = [{ productId: "tea", quantity: 2 }];
const placed = { id: "o-1", status: "placed", items, placedAt: "2026-01-01T00:00:00.000Z" };

/** Places an order against these answers, one an attempt; the last one stays. An error is a lost connection. */
async function place(answers: readonly (() => Response)[]) {
  const sent: { key: string | null; body: unknown }[] = [];
  const waits: number[] = [];
  const result = await placeOrder(
    {
      fetch: async (url, init) => {
        assert.equal(url, "/api/orders");
        assert.equal(init?.method, "POST");
        sent.push({ key: new Headers(init?.headers).get("idempotency-key"), body: JSON.parse(String(init?.body)) });
        const answer = answers[Math.min(sent.length, answers.length) - 1];
        assert.ok(answer);
        return answer();
      },
      wait: async (ms) => void waits.push(ms),
    },
    "key-1",
    items,
  );
  return { result, sent, waits };
}

const answer = (status: number, body: unknown) => () => Response.json(body, { status });
const lost = (): never => {
  throw new TypeError("Failed to fetch");
};

for (const status of [201, 200]) {
  test(`${status} is a placed order`, async () => {
    const { result, sent } = await place([answer(status, placed)]);
    assert.deepEqual(result, { outcome: "placed", order: { id: "o-1", items } });
    assert.deepEqual(sent, [{ key: "key-1", body: { items } }]);
  });
}

for (const [what, failure] of [
  ["a lost connection", lost],
  ["500", answer(500, {})],
  ["502 of the balancer", () => new Response("Bad Gateway", { status: 502 })],
  ["409, an attempt that is still under way", answer(409, {})],
  ["429", answer(429, {})],
  ["201 that is cut off", () => new Response('{"id":"o-', { status: 201 })],
  ["201 that holds no order", answer(201, { id: 1 })],
] as const) {
  test(`after ${what}, the same order is sent again under the same key`, async () => {
    const { result, sent, waits } = await place([failure, answer(200, placed)]);
    assert.equal(result.outcome, "placed");
    assert.deepEqual(sent, [
      { key: "key-1", body: { items } },
      { key: "key-1", body: { items } },
    ]);
    assert.deepEqual(waits, [RETRY_AFTER_MS[0]]);
  });
}

test("when no attempt gets an answer that tells, nobody knows", async () => {
  const { result, sent, waits } = await place([lost]);
  assert.deepEqual(result, { outcome: "unknown" });
  assert.equal(sent.length, 1 + RETRY_AFTER_MS.length);
  assert.deepEqual(waits, [...RETRY_AFTER_MS]);
});

for (const [what, body, reason] of [
  ["the problem's detail", { title: "Unprocessable", detail: "No such product." }, "No such product."],
  ["the problem's title, where it has no detail", { title: "Unprocessable" }, "Unprocessable"],
  ["the status, where there is no problem", "no", "The shop answered with status 422."],
] as const) {
  test(`a refusal is final, and gives ${what}`, async () => {
    const { result, sent } = await place([answer(422, body)]);
    assert.deepEqual(result, { outcome: "refused", reason });
    assert.equal(sent.length, 1);
  });
}
