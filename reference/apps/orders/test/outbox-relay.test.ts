// When an event counts as published. That it arrives is shown by the integration tests.

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";

import type { ConfirmChannel } from "amqplib";
import { pino } from "pino";

import type { Database } from "../src/database.js";
import { OutboxRelay } from "../src/outbox-relay.js";

const WAITING = ["e-1", "e-2"].map((id) => ({ id, routing_key: "order.placed", content: { eventId: id } }));

interface Sent {
  readonly exchange: string;
  readonly key: string;
  readonly content: unknown;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Runs the relay once on two events; `confirm` is what the broker does with them. */
async function relayOnce(confirm: (channel: EventEmitter) => Promise<void>) {
  const sent: Sent[] = [];
  const published: string[] = [];
  const events: unknown[] = [];
  const transaction = {
    $queryRaw: async () => WAITING,
    outboxEvent: {
      updateMany: async ({ where }: { where: { id: { in: string[] } } }) => published.push(...where.id.in),
    },
  };
  const database = { $transaction: async (work: (inner: typeof transaction) => Promise<number>) => work(transaction) };
  const channel: EventEmitter = Object.assign(new EventEmitter(), {
    publish: (exchange: string, key: string, body: Buffer, options: Sent["options"]) =>
      sent.push({ exchange, key, content: JSON.parse(body.toString()), options }),
    waitForConfirms: () => confirm(channel),
  });
  const logger = pino({ messageKey: "event" }, { write: (line: string) => events.push(JSON.parse(line).event) });
  const relay = new OutboxRelay(
    database as unknown as Database,
    { channel: channel as unknown as ConfirmChannel },
    logger,
  );
  relay.wake();
  await new Promise((resolve) => setImmediate(resolve));
  await relay.stop();
  return { sent, published, events, listeners: channel.listenerCount("return") };
}

test("what the broker has confirmed counts as published", async () => {
  const { sent, published, events, listeners } = await relayOnce(async () => {});
  assert.deepEqual(
    sent.map(({ exchange, key, content }) => [exchange, key, content]),
    WAITING.map(({ content }) => ["shop", "order.placed", content]),
  );
  for (const { options } of sent) assert.deepEqual([options["persistent"], options["mandatory"]], [true, true]);
  assert.deepEqual([published, events, listeners], [["e-1", "e-2"], [], 0]);
});

test("what the broker refuses stays in the outbox, all of it", async () => {
  const { published, events, listeners } = await relayOnce(async () => Promise.reject(new Error("channel closed")));
  assert.deepEqual([published, events, listeners], [[], ["publish_failed"], 0]);
});

test("what no queue took stays in the outbox: its readers are still to come", async () => {
  const { published, events, listeners } = await relayOnce(async (channel) => {
    channel.emit("return", { properties: { messageId: "e-2" } });
  });
  assert.deepEqual([published, events, listeners], [["e-1"], ["publish_postponed"], 0]);
});
