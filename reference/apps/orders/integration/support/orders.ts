// The built service as a process of its own, on a database of its own and the real broker.

import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

import { ORDER_PLACED, SHOP_EXCHANGE, type OrderPlaced } from "@reference-shop/contracts";
import {
  backingUrl,
  launch,
  served,
  throwawayDatabase,
  type Environment,
  type RunningProcess,
  type Served,
} from "@reference-shop/testing";
import { connect } from "amqplib";

export const MAIN = fileURLToPath(new URL("../../../dist/main.js", import.meta.url));
/** Of the seed of the catalog; orders does not ask. */
export const ITEMS = [
  { productId: "tea-green", quantity: 2 },
  { productId: "cup-glass", quantity: 1 },
];

export const RABBITMQ_URL = backingUrl("TEST_RABBITMQ_URL");

export const launchOrders = (t: TestContext, env: Environment): RunningProcess => launch(t, MAIN, env);

export function postOrder({ url }: Served, key: string, body: unknown = { items: ITEMS }): Promise<Response> {
  return fetch(`${url}/api/orders`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", "idempotency-key": key },
  });
}

/** A way to place orders with it, once it serves. */
export async function servedOrders(running: RunningProcess) {
  const service = await served(running);
  return { ...service, post: (key: string, body?: unknown) => postOrder(service, key, body) };
}

/** On an empty database of its own, unless the environment names another. */
export async function startOrders(t: TestContext, env: Environment = {}) {
  const database = await throwawayDatabase(t);
  const running = launchOrders(t, { DATABASE_URL: database.url, RABBITMQ_URL, ...env });
  return { database, ...(await servedOrders(running)) };
}

/** What is published from now on, as any service gets it that has bound a queue. */
export async function listenToOrders(t: TestContext) {
  const connection = await connect(RABBITMQ_URL);
  t.after(() => connection.close());
  const channel = await connection.createChannel();
  await channel.assertExchange(SHOP_EXCHANGE, "topic", { durable: true });
  const { queue } = await channel.assertQueue("", { exclusive: true });
  await channel.bindQueue(queue, SHOP_EXCHANGE, ORDER_PLACED);
  const events: OrderPlaced[] = [];
  await channel.consume(queue, (message) => {
    if (message === null) return;
    events.push(JSON.parse(message.content.toString()) as OrderPlaced);
    channel.ack(message);
  });
  return { of: (orderId: string) => events.filter((event) => event.orderId === orderId) };
}
