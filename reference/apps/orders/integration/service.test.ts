// The service as the platform sees it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { serviceContract } from "@reference-shop/testing";

import { MAIN, postOrder, RABBITMQ_URL, startOrders } from "./support/orders.js";

serviceContract({
  main: MAIN,
  dependencies: [{ variable: "RABBITMQ_URL", url: RABBITMQ_URL, name: "rabbitmq", essential: true }],
  readPath: async (service) => (await postOrder(service, "to-be-read")).headers.get("location") ?? "",
});

test("answers requests of its own before it listens, and says so in one line", async (t) => {
  const { lines, logLine } = await startOrders(t);
  assert.ok(Number((await logLine("warmed_up"))["requests"]) > 0);
  const events = lines.map((line) => (JSON.parse(line) as { event?: string }).event);
  assert.ok(events.indexOf("warmed_up") < events.indexOf("listening"), events.join(" "));
  assert.ok(!events.includes("request"), events.join(" "));
});
