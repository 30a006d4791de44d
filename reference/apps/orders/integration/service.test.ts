// The service as the platform sees it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { served, serviceContract, throwawayDatabase } from "@reference-shop/testing";

import { launchOrders, MAIN, postOrder, RABBITMQ_URL } from "./support/orders.js";

serviceContract({
  main: MAIN,
  dependencies: [{ variable: "RABBITMQ_URL", url: RABBITMQ_URL, name: "rabbitmq", essential: true }],
  readPath: async (service) => (await postOrder(service, "to-be-read")).headers.get("location") ?? "",
});

test("a replica waits where somebody else holds Prisma's lock for longer than Prisma waits", async (t) => {
  const database = await throwawayDatabase(t);
  // Prisma gives up after 10 s.
  const held = database.query("SELECT pg_advisory_lock(72707369), pg_sleep(11)");
  const { url } = await served(launchOrders(t, { DATABASE_URL: database.url, RABBITMQ_URL }));
  await held;
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
});
