// Every order is told of, whatever the broker does.

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Order } from "@reference-shop/contracts";
import { eventually, openLine, throwawayDatabase } from "@reference-shop/testing";

import { ITEMS, launchOrders, listenToOrders, RABBITMQ_URL, servedOrders, startOrders } from "./support/orders.js";

test("an order is told of once, as it was placed", async (t) => {
  const events = await listenToOrders(t);
  const { post, database } = await startOrders(t);
  const { id, placedAt } = (await (await post("told-1")).json()) as Order;
  await post("told-1");

  const [event] = await eventually(() => {
    const heard = events.of(id);
    assert.equal(heard.length, 1);
    return heard;
  });
  assert.deepEqual({ ...event, eventId: "" }, { eventId: "", orderId: id, placedAt, items: ITEMS });
  await eventually(async () => {
    const waiting = await database.query("SELECT 1 FROM outbox_events WHERE published_at IS NULL");
    assert.equal(waiting.length, 0);
  });
  assert.equal(events.of(id).length, 1);
});

test("orders are taken while the broker is away, and told of once it is back", async (t) => {
  const events = await listenToOrders(t);
  const line = await openLine(t, RABBITMQ_URL);
  const { post, readyz, exit, child } = await startOrders(t, { RABBITMQ_URL: line.url });
  await eventually(async () => assert.equal((await readyz()).status, 200));

  await line.cut();
  await eventually(async () => {
    const { status, dependencies } = await readyz();
    assert.deepEqual([status, dependencies["postgres"], dependencies["rabbitmq"]], [503, "ok", "unavailable"]);
  });
  const answers = await Promise.all(Array.from({ length: 120 }, (_, index) => post(`outage-${index}`)));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as Order).id));
  assert.equal(ids.flatMap((id) => events.of(id)).length, 0);

  await line.mend();
  await eventually(() => {
    for (const id of ids) assert.ok(events.of(id).length >= 1, id);
  });
  await eventually(async () => assert.equal((await readyz()).status, 200));
  child.kill("SIGTERM");
  assert.equal((await exit).code, 0);
});

test("what a task left behind is published by another", async (t) => {
  const events = await listenToOrders(t);
  const database = await throwawayDatabase(t);
  const cut = await openLine(t, RABBITMQ_URL);
  await cut.cut();
  const first = await servedOrders(launchOrders(t, { DATABASE_URL: database.url, RABBITMQ_URL: cut.url }));
  const { id } = (await (await first.post("left-1")).json()) as Order;
  first.child.kill("SIGKILL");
  await first.exit;

  await servedOrders(launchOrders(t, { DATABASE_URL: database.url, RABBITMQ_URL }));
  await eventually(() => assert.equal(events.of(id).length, 1));
});

test("two tasks share the outbox, and tell of each order once", async (t) => {
  const events = await listenToOrders(t);
  const database = await throwawayDatabase(t);
  const env = { DATABASE_URL: database.url, RABBITMQ_URL };
  const tasks = await Promise.all([servedOrders(launchOrders(t, env)), servedOrders(launchOrders(t, env))]);
  const answers = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => tasks[index % 2]?.post(`shared-${index}`)),
  );
  assert.deepEqual([...new Set(answers.map((answer) => answer?.status))], [201]);
  const ids = await Promise.all(answers.map(async (answer) => ((await answer?.json()) as Order).id));
  await eventually(async () => {
    const waiting = await database.query("SELECT 1 FROM outbox_events WHERE published_at IS NULL");
    assert.equal(waiting.length, 0);
  });
  await eventually(() => assert.deepEqual([...new Set(ids.map((id) => events.of(id).length))], [1]));
});
