import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";

import { startScript } from "@reference-shop/testing";

const HEALTHCHECK = fileURLToPath(new URL("../src/healthcheck.js", import.meta.url));

async function listen(t: TestContext, answer: RequestListener) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close().closeAllConnections());
  return { server, port: (server.address() as AddressInfo).port };
}

const probe = (t: TestContext, port: number | string) => startScript(t, HEALTHCHECK, { PORT: String(port) }).exit;

test("200 is healthy", async (t) => {
  const { port } = await listen(t, ({ url }, response) => response.writeHead(url === "/healthz" ? 200 : 404).end());
  const exit = await probe(t, port);
  assert.deepEqual([exit.code, exit.stderr], [0, ""]);
  assert.match(exit.stdout, /^healthy: .*$/);
});

test("any other status is unhealthy, with one line that says why", async (t) => {
  const { port } = await listen(t, (_request, response) => response.writeHead(503).end());
  const exit = await probe(t, port);
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /^unhealthy: .*got status 503, expected 200$/);
});

test("no answer is unhealthy: the probe gives up by itself", async (t) => {
  const { port } = await listen(t, () => {});
  const exit = await probe(t, port);
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /^unhealthy: .*got no answer.*$/);
});

test("no server is unhealthy", async (t) => {
  const { server, port } = await listen(t, () => {});
  await new Promise((resolve) => server.close(resolve));
  const exit = await probe(t, port);
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /^unhealthy: .*ECONNREFUSED.*$/);
});

test("a wrong PORT is unhealthy, by name", async (t) => {
  const exit = await probe(t, "x");
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /^unhealthy: PORT: got "x", expected an integer from 0 to 65535$/);
});
