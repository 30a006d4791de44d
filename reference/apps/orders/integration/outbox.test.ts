// Every order is told of, whatever the broker does.

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Order } from "@reference-shop/contracts";
import { eventually, openLine, throwawayDatabase, type ThrowawayDatabase } from "@reference-shop/testing";

import { ITEMS, launchOrders, listenToOrders, RABBITMQ_URL, servedOrders, startOrders } from "./support/orders.js";

test("orders are told of, whatever the broker does", async (t) => {
  const events = await listenToOrders(t);
  const line = await openLine(t, RABBITMQ_URL);
  const { post, readyz, exit, child, database } = await startOrders(t, { RABBITMQ_URL: line.url });
  await eventually(async () => assert.equal((await readyz()).status, 200));

  await t.test("once, and as they were placed", async () => {
    const { id, placedAt } = (await (await post("told-1")).json()) as Order;
    await post("told-1");
    await eventually(() => assert.equal(events.of(id).length, 1));
    assert.deepEqual({ ...events.of(id)[0], eventId: "" }, { eventId: "", orderId: id, placedAt, items: ITEMS });
    await nothingWaits(database);
    assert.equal(events.of(id).length, 1);
  });

  await t.test("they are taken while it is away, and told of once it is back", async () => {
    await line.cut();
    await eventually(async () => assert.equal((await readyz()).dependencies["rabbitmq"], "unavailable"));
    // More than the relay publishes at a time.
    const answers = await Promise.all(Array.from({ length: 120 }, (_, index) => post(`outage-${index}`)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
    const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as Order).id));
    assert.equal(ids.flatMap((id) => events.of(id)).length, 0);

    await line.mend();
    await eventually(() => {
      for (const id of ids) assert.ok(events.of(id).length >= 1, id);
    });
    await eventually(async () => assert.equal((await readyz()).status, 200));
  });

  await t.test("the last one before the end as well", async () => {
    const { id } = (await (await post("last-1")).json()) as Order;
    child.kill("SIGTERM");
    assert.equal((await exit).code, 0);
    await eventually(() => assert.equal(events.of(id).length, 1));
  });
});

test("what a task left behind is published by others, and they share the work", async (t) => {
  const events = await listenToOrders(t);
  const database = await throwawayDatabase(t);
  const cut = await openLine(t, RABBITMQ_URL);
  await cut.cut();
  const first = await servedOrders(launchOrders(t, { DATABASE_URL: database.url, RABBITMQ_URL: cut.url }));
  const { id } = (await (await first.post("left-1")).json()) as Order;
  first.child.kill("SIGKILL");
  await first.exit;

  const env = { DATABASE_URL: database.url, RABBITMQ_URL };
  const [one, other] = await Promise.all([servedOrders(launchOrders(t, env)), servedOrders(launchOrders(t, env))]);
  await eventually(() => assert.equal(events.of(id).length, 1));

  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) => (index % 2 ? one : other).post(`shared-${index}`)),
  );
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as Order).id));
  await nothingWaits(database);
  await eventually(() => assert.deepEqual([...new Set(ids.map((each) => events.of(each).length))], [1]));
});

async function nothingWaits({ query }: ThrowawayDatabase): Promise<void> {
  await eventually(async () => {
    assert.equal((await query("SELECT 1 FROM outbox_events WHERE published_at IS NULL")).length, 0);
  });
}
