import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";

import { operationalRoutes } from "../../src/http/operational-routes.js";
import { json } from "../../src/http/reply.js";
import type { Route } from "../../src/http/router.js";
import { TIMEOUTS } from "../../src/http/server.js";
import { startService } from "../support/service.js";

const ALB_IDLE_TIMEOUT_MS = 60_000;

const things: readonly Route[] = [
  { method: "GET", path: "/things/:id", handle: ({ id }) => json(200, { id }) },
  { method: "POST", path: "/things", handle: async ({ readJson }) => json(200, await readJson(1_000)) },
  {
    method: "GET",
    path: "/broken",
    handle: () => {
      throw new Error("a detail that is nobody's business");
    },
  },
];

test("connections outlive the balancer's idle timeout", () => {
  assert.ok(TIMEOUTS.keepAliveTimeout > ALB_IDLE_TIMEOUT_MS);
  assert.ok(TIMEOUTS.headersTimeout > TIMEOUTS.keepAliveTimeout);
});

test("readiness follows the lifecycle, liveness does not", async (t) => {
  const { url, lifecycle } = await startService(t, (own) => operationalRoutes(own, "1.2.3"));
  const probe = async (path: string) => {
    const response = await fetch(url + path);
    return [response.status, await response.json()];
  };
  assert.deepEqual(await probe("/readyz"), [503, { status: "starting" }]);
  lifecycle.becomeReady();
  assert.deepEqual(await probe("/readyz"), [200, { status: "ready" }]);
  lifecycle.beginDrain();
  assert.deepEqual(await probe("/readyz"), [503, { status: "draining" }]);
  assert.deepEqual(await probe("/healthz"), [200, { status: "ok" }]);
  assert.deepEqual(await probe("/version"), [200, { name: "orders", version: "1.2.3" }]);
});

test("unknown paths are 404, known ones with another method 405", async (t) => {
  const { url } = await startService(t, things);
  for (const path of ["/", "/things/", "/things/1/2", "//things/1"]) {
    assert.equal((await fetch(url + path)).status, 404, path);
  }
  const refused = await fetch(`${url}/things/1`, { method: "DELETE" });
  assert.equal(refused.status, 405);
  assert.equal(refused.headers.get("allow"), "GET, HEAD");
});

test("HEAD is GET without the body", async (t) => {
  const { url } = await startService(t, things);
  const response = await fetch(`${url}/things/1`, { method: "HEAD" });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-length"), String('{"id":"1"}'.length));
  assert.equal(await response.text(), "");
});

test("an error of ours is a 500 without details, and a log line with them", async (t) => {
  const { url, logged } = await startService(t, things);
  const response = await fetch(`${url}/broken`, { headers: { "x-request-id": "r-1" } });
  assert.equal(response.status, 500);
  assert.ok(!(await response.text()).includes("business"));
  const line = logged().find(({ event }) => event === "request_failed");
  assert.equal(line?.["level"], "error");
  assert.equal(line?.["request_id"], "r-1");
  assert.match(String(line?.["message"]), /business/);
});

test("a harmless request id is taken over, any other replaced", async (t) => {
  const { url } = await startService(t, things);
  const idFor = async (given: string) =>
    (await fetch(`${url}/things/1`, { headers: { "x-request-id": given } })).headers.get("x-request-id");
  assert.equal(await idFor("abc-123"), "abc-123");
  assert.match((await idFor('"}{')) ?? "", /^[0-9a-f-]{36}$/);
});

test("a client that leaves in the middle of its body fails nothing", async (t) => {
  const { server, inFlight, port, logged } = await startService(t, things);
  const socket = connect(port, "127.0.0.1");
  socket.write('POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a"');
  await once(server, "request");
  socket.destroy();
  await inFlight.none();
  assert.deepEqual(logged().map(({ event, level }) => [level, event]), [["info", "request_aborted"]]);
});

test("during a drain, a response closes its keep-alive connection", async (t) => {
  const { port, lifecycle } = await startService(t, things);
  lifecycle.beginDrain();
  const sent = request({ port, host: "127.0.0.1", path: "/things/1", headers: { connection: "keep-alive" } }).end();
  const [response] = await once(sent, "response");
  response.resume();
  assert.equal(response.headers.connection, "close");
});
