import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { json, type Reply } from "../src/http/reply.js";
import { startScript } from "./support/process.js";
import { startService } from "./support/service.js";

async function probe(t: TestContext, answer: () => Reply | Promise<Reply>) {
  const { port } = await startService(t, [{ method: "GET", path: "/healthz", handle: answer }]);
  return startScript(t, "healthcheck.js", { PORT: String(port) }).exit;
}

test("200 is healthy", async (t) => {
  const exit = await probe(t, () => json(200, { status: "ok" }));
  assert.equal(exit.code, 0);
  assert.match(exit.stdout, /^healthy: .*$/);
  assert.equal(exit.stderr, "");
});

test("any other status is unhealthy, with one line that says why", async (t) => {
  const exit = await probe(t, () => json(503, {}));
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /^unhealthy: .*got status 503, expected 200$/);
});

test("no answer is unhealthy: the probe gives up by itself", async (t) => {
  const exit = await probe(t, () => new Promise(() => {}));
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /^unhealthy: .*got no answer.*$/);
});

test("no server is unhealthy", async (t) => {
  const service = await startService(t, []);
  await new Promise((resolve) => service.server.close(resolve));
  const exit = await startScript(t, "healthcheck.js", { PORT: String(service.port) }).exit;
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /^unhealthy: .*ECONNREFUSED.*$/);
});

test("a wrong PORT is unhealthy, by name", async (t) => {
  const exit = await startScript(t, "healthcheck.js", { PORT: "x" }).exit;
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /^unhealthy: PORT: got "x", expected an integer from 0 to 65535$/);
});
