import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";

import { json } from "../src/http/reply.js";
import type { Route } from "../src/http/router.js";
import { drain } from "../src/shutdown.js";
import { startService } from "./support/service.js";

/** Far more than any test takes: a drain that waits for it has failed. */
const LONG_MS = 600_000;

/** A route that answers when the test says so. */
function gatedRoute() {
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const route: Route = {
    method: "GET",
    path: "/slow",
    handle: async () => {
      await gate;
      return json(200, {});
    },
  };
  return { route, open };
}

test("a request in flight is answered, and only then the drain is over", async (t) => {
  const { route, open } = gatedRoute();
  const service = await startService(t, [route]);
  const slow = fetch(`${service.url}/slow`);
  await once(service.server, "request");

  service.lifecycle.beginDrain();
  const order: string[] = [];
  const drained = drain(service, LONG_MS).finally(() => order.push("drained"));
  await assert.rejects(fetch(`${service.url}/slow`), "the listener is closed");
  order.push("opened");
  open();

  assert.deepEqual(await drained, { outcome: "drained" });
  assert.deepEqual(order, ["opened", "drained"]);
  const response = await slow;
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("connection"), "close");
});

test("connections without a request don't hold the drain: idle, or not used yet", async (t) => {
  const service = await startService(t, [{ method: "GET", path: "/", handle: () => json(200, {}) }]);
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const [response] = await once(request({ port: service.port, host: "127.0.0.1", agent }).end(), "response");
  response.resume();
  await once(response, "end");

  const silent = connect(service.port, "127.0.0.1");
  await once(service.server, "connection");
  const closed = once(silent.resume(), "close");

  service.lifecycle.beginDrain();
  assert.deepEqual(await drain(service, LONG_MS), { outcome: "drained" });
  await closed;
});

test("a request that outlasts the limit is cut off, and counted", async (t) => {
  const service = await startService(t, [gatedRoute().route]);
  const slow = assert.rejects(fetch(`${service.url}/slow`));
  await once(service.server, "request");
  service.lifecycle.beginDrain();
  assert.deepEqual(await drain(service, 1), { outcome: "cut_off", requests: 1 });
  await slow;
});

test("a server that never listened drains as well", async (t) => {
  const service = await startService(t, []);
  await new Promise((resolve) => service.server.close(resolve));
  assert.deepEqual(await drain(service, LONG_MS), { outcome: "drained" });
});
