// How a message is answered for. That the broker does its part is shown by the integration tests.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";

import type { OrderPlaced } from "@reference-shop/contracts";
import type { ConfirmChannel, ConsumeMessage } from "amqplib";
import { pino } from "pino";

import type { Cache } from "../src/cache.js";
import { OrderConsumer } from "../src/order-consumer.js";
import type { ProductStore, TakeResult } from "../src/product-store.js";

const EVENT: OrderPlaced = {
  eventId: "e-1",
  orderId: "o-1",
  placedAt: "2026-01-05T09:00:00.000Z",
  items: [{ productId: "tea-green", quantity: 2 }],
};

const CANCELLED = ["cancelled", "tag-1"];

async function consumerOn(take: () => Promise<TakeResult>) {
  const did: unknown[] = [];
  let deliver: (message: ConsumeMessage | null) => void = () => assert.fail("nothing consumes");
  const channel = {
    assertExchange: async () => {},
    assertQueue: async () => {},
    bindQueue: async () => {},
    prefetch: async (count: number) => void did.push(["prefetch", count]),
    consume: async (_queue: string, onMessage: typeof deliver) => {
      deliver = onMessage;
      return { consumerTag: "tag-1" };
    },
    cancel: async (tag: string) => void did.push(["cancelled", tag]),
    ack: () => did.push("ack"),
    nack: (_message: unknown, _all: boolean, again: boolean) => did.push(again ? "again" : "put aside"),
    close: async () => void did.push("closed"),
  };
  const cache: Pick<Cache, "forget"> = { forget: async (keys) => void did.push(["forget", ...keys]) };
  const store: Pick<ProductStore, "take"> = { take };
  const consumer = new OrderConsumer(store, cache, pino({ level: "silent" }));
  await consumer.attach(channel as unknown as ConfirmChannel);
  assert.deepEqual(did.splice(0), [["prefetch", 10]]);
  const send = (content: string | OrderPlaced) => {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    deliver({ content: Buffer.from(text), properties: {} } as ConsumeMessage);
  };
  return { consumer, channel, did, send, end: () => deliver(null) };
}

test("what is taken from the stock is forgotten by the cache, and then acknowledged", async () => {
  const { consumer, did, send } = await consumerOn(async () => ({ outcome: "taken", shortages: [] }));
  send(EVENT);
  await consumer.stop();
  assert.deepEqual(did, [CANCELLED, ["forget", "products", "product:tea-green"], "ack"]);
});

test("what was handled before is acknowledged, and nothing is done", async () => {
  const { consumer, did, send } = await consumerOn(async () => ({ outcome: "repeated" }));
  send(EVENT);
  await consumer.stop();
  assert.deepEqual(did, [CANCELLED, "ack"]);
});

test("what can't be understood is put aside, and never tried", async () => {
  const { consumer, did, send } = await consumerOn(() => assert.fail("tried"));
  send("{");
  send({ ...EVENT, items: [] });
  await consumer.stop();
  assert.deepEqual(did, ["put aside", "put aside", CANCELLED]);
});

test("what fails for the moment is asked for again, after a pause", async (t: TestContext) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { consumer, did, send } = await consumerOn(async () => Promise.reject(new Error("no database")));
  send(EVENT);
  await nextTurn();
  assert.deepEqual(did, []);
  t.mock.timers.tick(1_000);
  await consumer.stop();
  assert.deepEqual(did, [CANCELLED, "again"]);
});

test("an end has the broker send nothing more, and finishes what it had sent until then", async () => {
  const finish: ((result: TakeResult) => void)[] = [];
  const { consumer, did, send } = await consumerOn(() => new Promise((resolve) => finish.push(resolve)));
  send(EVENT);
  const stopped = consumer.stop();
  send({ ...EVENT, eventId: "e-2" });
  await nextTurn();
  assert.deepEqual(did, [CANCELLED]);
  for (const each of finish) each({ outcome: "repeated" });
  await stopped;
  assert.deepEqual(did, [CANCELLED, "ack", "ack"]);
});

test("a channel that opens during an end is not asked for anything", async () => {
  const { consumer, channel, did } = await consumerOn(() => assert.fail("tried"));
  await consumer.stop();
  await consumer.attach({ ...channel, consume: () => assert.fail("consumes") } as unknown as ConfirmChannel);
  assert.deepEqual(did, [CANCELLED, ["prefetch", 10]]);
});

test("a subscription that the broker ends costs the channel, so that all begins anew", async () => {
  const { did, end } = await consumerOn(() => assert.fail("tried"));
  end();
  assert.deepEqual(did, ["closed"]);
});
