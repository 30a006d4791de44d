import assert from "node:assert/strict";
import { test } from "node:test";

import { served, throwawayDatabase } from "@reference-shop/testing";

import { launchOrders, RABBITMQ_URL } from "./support/orders.js";

test("a replica waits where somebody else holds Prisma's lock for longer than Prisma waits", async (t) => {
  const database = await throwawayDatabase(t);
  // Prisma gives up after 10 s.
  const held = database.query("SELECT pg_advisory_lock(72707369), pg_sleep(11)");
  const { url } = await served(launchOrders(t, { DATABASE_URL: database.url, RABBITMQ_URL }));
  await held;
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
});
