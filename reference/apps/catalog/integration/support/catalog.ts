// The built service as a process of its own, on a database of its own, the real broker and the real cache.

import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

import { ORDER_PLACED, SHOP_EXCHANGE, type OrderPlaced, type Product } from "@reference-shop/contracts";
import { backingUrl, launch, served, throwawayDatabase, type Environment, type Served } from "@reference-shop/testing";
import { connect } from "amqplib";
import { Redis } from "ioredis";

import { DEAD_LETTERS, QUEUE } from "../../src/order-consumer.js";

export const MAIN = fileURLToPath(new URL("../../../dist/main.js", import.meta.url));
export const RABBITMQ_URL = backingUrl("TEST_RABBITMQ_URL");
export const REDIS_URL = backingUrl("TEST_REDIS_URL");

/** What an earlier test left in the cache and the queues, which all tests share, would be taken for this one's. */
export async function clean(t: TestContext) {
  const connection = await connect(RABBITMQ_URL);
  const channel = await connection.createConfirmChannel();
  const redis = new Redis(REDIS_URL);
  await channel.deleteQueue(QUEUE);
  await channel.deleteQueue(DEAD_LETTERS);
  const kept = await redis.keys("catalog:*");
  if (kept.length > 0) await redis.del(kept);
  t.after(async () => {
    redis.disconnect();
    await connection.close();
  });
  return { channel, redis };
}

export function orderOf(items: OrderPlaced["items"], eventId: string = randomUUID()): OrderPlaced {
  return { eventId, orderId: randomUUID(), placedAt: new Date().toISOString(), items };
}

/** Ways to ask a service that serves. */
export function asking({ url }: Served) {
  const list = async (): Promise<readonly Product[]> =>
    ((await (await fetch(`${url}/api/products`)).json()) as { products: Product[] }).products;
  const stockOf = async (id: string): Promise<number> =>
    ((await (await fetch(`${url}/api/products/${id}`)).json()) as Product).stock;
  return { list, stockOf };
}

/** One task on an empty database, with all that it needs; and ways to tell it of orders. */
export async function startCatalog(t: TestContext, env: Environment = {}) {
  const { channel, redis } = await clean(t);
  const database = await throwawayDatabase(t);
  const all = { DATABASE_URL: database.url, RABBITMQ_URL, REDIS_URL, ...env };
  const service = await served(launch(t, MAIN, all));
  const publish = async (...contents: readonly (OrderPlaced | string)[]): Promise<void> => {
    for (const content of contents) {
      const body = Buffer.from(typeof content === "string" ? content : JSON.stringify(content));
      channel.publish(SHOP_EXCHANGE, ORDER_PLACED, body, { persistent: true });
    }
    await channel.waitForConfirms();
  };
  return { ...service, ...asking(service), env: all, database, channel, redis, publish };
}
