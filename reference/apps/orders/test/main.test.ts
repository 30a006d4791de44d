// The process as the platform sees it: exit codes, signals, what it prints.

import assert from "node:assert/strict";
import { once } from "node:events";
import { request, type ClientRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";

import { startScript } from "./support/process.js";
import { startService } from "./support/service.js";

const body = JSON.stringify({ customerId: "c-1", items: [{ sku: "TEA-1", quantity: 2 }] });

async function startMain(t: TestContext, env: Record<string, string> = {}) {
  const running = startScript(t, "main.js", { HOST: "127.0.0.1", PORT: "0", ...env });
  const port = Number((await running.logLine("listening"))["port"]);
  return { ...running, port };
}

/** Sends the head of a POST, and returns once the server has answered it with 100 Continue: it is in flight. */
async function beginOrder(port: number): Promise<ClientRequest> {
  const sent = request({
    host: "127.0.0.1",
    port,
    method: "POST",
    path: "/orders",
    agent: false,
    headers: { "content-type": "application/json", "content-length": body.length, expect: "100-continue" },
  });
  sent.flushHeaders();
  await once(sent, "continue");
  return sent;
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} lets a request in flight finish, then the process exits 0`, async (t) => {
    const main = await startMain(t);
    const order = await beginOrder(main.port);

    main.child.kill(signal);
    assert.equal((await main.logLine("draining"))["in_flight"], 1);
    const refused = connect(main.port, "127.0.0.1");
    const [error] = await once(refused, "error");
    assert.equal(error.code, "ECONNREFUSED");

    main.child.kill(signal);
    await main.logLine("signal_ignored");

    const answered = once(order, "response") as Promise<[IncomingMessage]>;
    order.end(body);
    const [response] = await answered;
    assert.equal(response.statusCode, 201);
    assert.equal(response.headers.connection, "close");
    response.resume();
    await once(response, "end");

    const exit = await main.exit;
    assert.deepEqual([exit.code, exit.signal, exit.stderr], [0, null, ""]);
    assert.match(exit.stdout.split("\n").at(-1) ?? "", /"event":"stopped"/);
  });
}

test("a drain that takes too long is an exit 1, and says so", async (t) => {
  const main = await startMain(t, { SHUTDOWN_DRAIN_S: "1" });
  const order = await beginOrder(main.port);
  order.on("error", () => {});
  main.child.kill("SIGTERM");
  const exit = await main.exit;
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /^.*"event":"drain_cut_off".*"requests":1.*$/);
});

test("a wrong setting is an exit 78 with one line that names it", async (t) => {
  const exit = await startScript(t, "main.js", { PORT: "http" }).exit;
  assert.equal(exit.code, 78);
  assert.equal(exit.stdout, "");
  assert.equal(exit.stderr.split("\n").length, 1);
  const { time: _, ...line } = JSON.parse(exit.stderr);
  assert.deepEqual(line, {
    level: "error",
    event: "invalid_config",
    service: "orders",
    variable: "PORT",
    got: "http",
    expected: "an integer from 0 to 65535",
  });
});

test("a port in use is an exit 1 with one line that names it", async (t) => {
  const { port } = await startService(t, []);
  const exit = await startScript(t, "main.js", { HOST: "127.0.0.1", PORT: String(port) }).exit;
  assert.equal(exit.code, 1);
  assert.equal(exit.stderr.split("\n").length, 1);
  const line = JSON.parse(exit.stderr);
  assert.deepEqual([line.event, line.port, line.error], ["cannot_listen", port, "EADDRINUSE"]);
});

test("the version is the package's, unless APP_VERSION says another", async (t) => {
  const versionOf = async (env: Record<string, string>) => {
    const { port } = await startMain(t, env);
    return ((await (await fetch(`http://127.0.0.1:${port}/version`)).json()) as { version: string }).version;
  };
  assert.match(await versionOf({}), /^\d+\.\d+\.\d+$/);
  assert.equal(await versionOf({ APP_VERSION: "7.0.0-test" }), "7.0.0-test");
});
