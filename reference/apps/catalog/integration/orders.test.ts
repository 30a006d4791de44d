// What orders do to the stock, however they are delivered.

import assert from "node:assert/strict";
import { test } from "node:test";

import { eventually, launch, openLine, served } from "@reference-shop/testing";

import { DEAD_LETTERS, QUEUE } from "../src/order-consumer.js";
import { asking, MAIN, orderOf, RABBITMQ_URL, startCatalog } from "./support/catalog.js";

type Row = Record<string, unknown>;

test("orders and the stock", async (t) => {
  const catalog = await startCatalog(t);
  const { publish, database, channel, lines, readyz } = catalog;
  const stockOf = async (id: string): Promise<number> =>
    Number((await database.query<Row>("SELECT stock FROM products WHERE id = $1", [id]))[0]?.["stock"]);
  const handled = async (eventId: string): Promise<void> => {
    await eventually(async () =>
      assert.equal((await database.query("SELECT 1 FROM inbox_events WHERE id = $1", [eventId])).length, 1),
    );
  };
  await eventually(async () => assert.equal((await readyz()).status, 200));

  await t.test("what is delivered twice is taken from the stock once", async () => {
    const before = await stockOf("tea-green");
    const order = orderOf([{ productId: "tea-green", quantity: 5 }]);
    await publish(order, order);
    const later = orderOf([{ productId: "tea-green", quantity: 1 }]);
    await publish(order, later);
    await handled(later.eventId);
    await eventually(() => assert.equal(lines.filter((line) => line.includes(order.eventId)).length, 3));
    assert.equal(await stockOf("tea-green"), before - 6);
  });

  await t.test("the stock never falls below nothing; what is short is written down, and told", async () => {
    const before = await stockOf("kettle-steel");
    const orders = Array.from({ length: before + 3 }, () => orderOf([{ productId: "kettle-steel", quantity: 1 }]));
    const big = orderOf([
      { productId: "kettle-steel", quantity: 4 },
      { productId: "pot-clay", quantity: 1 },
      { productId: "kettle-steel", quantity: 2 },
    ]);
    const pots = await stockOf("pot-clay");
    await publish(...orders);
    for (const { eventId } of orders) await handled(eventId);
    await publish(big);
    await handled(big.eventId);

    assert.equal(await stockOf("kettle-steel"), 0);
    assert.equal(await stockOf("pot-clay"), pots - 1);
    const short = await database.query<Row>("SELECT event_id, product_id, missing FROM stock_shortages");
    assert.equal(short.length, 4);
    assert.deepEqual(
      short.find((row) => row["event_id"] === big.eventId),
      { event_id: big.eventId, product_id: "kettle-steel", missing: 6 },
    );
    await eventually(() => assert.ok(lines.some((line) => line.includes("stock_short") && line.includes(big.eventId))));
  });

  await t.test("a product that nobody knows is written down as short, and holds up nothing", async () => {
    const order = orderOf([{ productId: "tea-forgotten", quantity: 2 }]);
    await publish(order);
    await handled(order.eventId);
    const [short] = await database.query<Row>("SELECT missing FROM stock_shortages WHERE event_id = $1", [
      order.eventId,
    ]);
    assert.deepEqual(short, { missing: 2 });
  });

  await t.test("what can't be understood is put aside with a word why, and holds up nothing", async () => {
    const before = await stockOf("cup-glass");
    const order = orderOf([{ productId: "cup-glass", quantity: 1 }]);
    const wrong = JSON.stringify({ ...order, eventId: "wrong", items: [{ productId: "cup-glass", quantity: -1 }] });
    await publish("{", wrong, order);
    await handled(order.eventId);
    assert.equal(await stockOf("cup-glass"), before - 1);
    await eventually(async () => assert.equal((await channel.checkQueue(DEAD_LETTERS)).messageCount, 2));
    assert.equal(lines.filter((line) => line.includes('"event":"event_refused"')).length, 2);
    assert.equal((await channel.checkQueue(QUEUE)).messageCount, 0);
  });

  await t.test("a queue that somebody deletes is made again, and listened to", async () => {
    await channel.deleteQueue(QUEUE);
    const order = orderOf([{ productId: "cup-glass", quantity: 1 }]);
    await eventually(async () => {
      await publish(order);
      await new Promise((resolve) => setTimeout(resolve, 200));
      assert.equal((await database.query("SELECT 1 FROM inbox_events WHERE id = $1", [order.eventId])).length, 1);
    });
  });

  await t.test("two tasks consume side by side, each order once", async () => {
    const second = await served(launch(t, MAIN, catalog.env));
    await eventually(async () => assert.equal((await second.readyz()).status, 200));
    const before = await stockOf("tea-green");
    const orders = Array.from({ length: 60 }, () => orderOf([{ productId: "tea-green", quantity: 1 }]));
    await publish(...orders, ...orders.slice(0, 20));
    for (const { eventId } of orders) await handled(eventId);
    assert.equal(await stockOf("tea-green"), before - 60);
    for (const { lines: own } of [catalog, second]) {
      assert.ok(
        own.some((line) => line.includes('"outcome":"taken"') && orders.some(({ eventId }) => line.includes(eventId))),
      );
    }
  });
});

test("no order is lost, whatever becomes of the task that takes it", async (t) => {
  const line = await openLine(t, RABBITMQ_URL);
  const { publish, readyz, stockOf, logLine, child, exit, env } = await startCatalog(t, { RABBITMQ_URL: line.url });
  await eventually(async () => assert.equal((await readyz()).status, 200));
  const [black, mint] = [await stockOf("tea-black"), await stockOf("tea-mint")];

  // It loses its broker, and comes back to it.
  await line.cut();
  await publish(orderOf([{ productId: "tea-black", quantity: 1 }]));
  await line.mend();
  await eventually(async () => assert.equal(await stockOf("tea-black"), black - 1));

  // It is killed in the middle of its work, and then orders come for which there is no task.
  await publish(...Array.from({ length: 50 }, () => orderOf([{ productId: "tea-mint", quantity: 1 }])));
  await logLine("order_handled");
  child.kill("SIGKILL");
  await exit;
  await publish(orderOf([{ productId: "tea-black", quantity: 2 }]));

  const next = await served(launch(t, MAIN, { ...env, RABBITMQ_URL }));
  await eventually(async () => assert.equal(await asking(next).stockOf("tea-black"), black - 3));
  await eventually(async () => assert.equal(await asking(next).stockOf("tea-mint"), mint - 50));
  next.child.kill("SIGTERM");
  assert.equal((await next.exit).code, 0);
});
