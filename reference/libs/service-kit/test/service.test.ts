// The process as the platform sees it: exit codes, signals, what it prints.

import assert from "node:assert/strict";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { requestsDuringSigterm, startScript } from "@reference-shop/testing";

const SAMPLE = fileURLToPath(new URL("support/sample-service.js", import.meta.url));

async function startSample(t: TestContext, env: Record<string, string> = {}) {
  const running = startScript(t, SAMPLE, { HOST: "127.0.0.1", PORT: "0", ...env });
  const port = Number((await running.logLine("listening"))["port"]);
  return { ...running, port };
}

async function ask(port: number, path: string): Promise<IncomingMessage> {
  const [response] = (await once(request({ host: "127.0.0.1", port, agent: false, path }).end(), "response")) as [
    IncomingMessage,
  ];
  response.resume();
  await once(response, "end");
  return response;
}

const events = (stdout: string): unknown[] =>
  stdout.split("\n").map((line) => (JSON.parse(line) as { event: string }).event);

for (const kind of ["kept", "fresh"] as const) {
  test(`1,000 requests over ${kind} connections during SIGTERM lose none`, async (t) => {
    // How long it may take is of no interest here, and on a busy machine it takes long.
    const main = await startSample(t, { SHUTDOWN_DRAIN_S: "115" });
    await requestsDuringSigterm(main, { port: main.port, path: "/fast", connections: kind });
    const exit = await main.exit;
    assert.deepEqual([exit.code, exit.signal, exit.stderr], [0, null, ""]);
    // What the service depends on goes last.
    assert.deepEqual(events(exit.stdout).slice(-2), ["closed", "stopped"]);
  });
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} lets a request in flight finish, serves on until it is quiet, then the process exits 0`, async (t) => {
    const main = await startSample(t);
    const slow = ask(main.port, "/slow/900");
    await main.logLine("slow_began");

    main.child.kill(signal);
    assert.equal((await main.logLine("draining"))["in_flight"], 1);
    const ready = await ask(main.port, "/readyz");
    assert.deepEqual([ready.statusCode, ready.headers.connection], [503, "close"]);
    main.child.kill(signal);
    await main.logLine("signal_ignored");

    const { statusCode, headers } = await slow;
    assert.deepEqual([statusCode, headers.connection], [200, "close"]);
    const exit = await main.exit;
    assert.deepEqual([exit.code, exit.signal, exit.stderr], [0, null, ""]);
  });
}

test("a drain of a silent server ends soon, and refuses connections from then on", async (t) => {
  const main = await startSample(t);
  const idle = connect(main.port, "127.0.0.1");
  await once(idle, "connect");
  main.child.kill("SIGTERM");
  assert.equal((await main.exit).code, 0);
  const [error] = await once(connect(main.port, "127.0.0.1"), "error");
  assert.equal((error as NodeJS.ErrnoException).code, "ECONNREFUSED");
});

test("a client that never stops doesn't hold the drain beyond its limit", async (t) => {
  const main = await startSample(t, { SHUTDOWN_DRAIN_S: "1" });
  main.child.kill("SIGTERM");
  await main.logLine("draining");
  let open = true;
  void main.exit.then(() => (open = false));
  while (open) {
    await ask(main.port, "/fast").catch(() => {});
    await delay(20);
  }
  assert.equal((await main.exit).code, 0);
});

test("a drain that takes too long is an exit 1, says so, and lets go of its dependencies all the same", async (t) => {
  const main = await startSample(t, { SHUTDOWN_DRAIN_S: "1" });
  const slow = ask(main.port, "/slow/5000").catch(() => "cut off");
  await main.logLine("slow_began");
  main.child.kill("SIGTERM");
  const exit = await main.exit;
  assert.equal(await slow, "cut off");
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /^.*"requests":1.*"event":"drain_cut_off".*$/);
  assert.equal(events(exit.stdout).at(-1), "closed");
});

test("a wrong setting is an exit 1 with one line that names it", async (t) => {
  const exit = await startScript(t, SAMPLE, { PORT: "http" }).exit;
  assert.deepEqual([exit.code, exit.stdout], [1, ""]);
  const { time: _, ...line } = JSON.parse(exit.stderr) as Record<string, unknown>;
  assert.deepEqual(line, {
    level: "error",
    event: "invalid_config",
    service: "sample",
    variable: "PORT",
    got: "http",
    expected: "an integer from 0 to 65535",
  });
});

test("a start that fails is an exit 1 with one line that says why, and the port was never opened", async (t) => {
  const exit = await startScript(t, SAMPLE, { PORT: "0", START_FAILS: "yes" }).exit;
  assert.deepEqual([exit.code, exit.stdout], [1, ""]);
  const line = JSON.parse(exit.stderr) as Record<string, unknown>;
  assert.deepEqual([line["event"], line["reason"]], ["start_failed", "no database within 1 s"]);
});

test("a signal during the start ends the process at once", async (t) => {
  const main = startScript(t, SAMPLE, { PORT: "0", START_MS: "60000" });
  // The handlers stand by then; before, the signal ends the process by default.
  await main.logLine("start_began");
  main.child.kill("SIGTERM");
  const exit = await main.exit;
  assert.deepEqual([exit.code, exit.stderr], [0, ""]);
  assert.deepEqual(events(exit.stdout), ["start_began", "stopped"]);
});

test("a port in use is an exit 1 with one line that names it", async (t) => {
  const { port } = await startSample(t);
  const exit = await startScript(t, SAMPLE, { HOST: "127.0.0.1", PORT: String(port) }).exit;
  assert.equal(exit.code, 1);
  const line = JSON.parse(exit.stderr) as Record<string, unknown>;
  assert.deepEqual([line["event"], line["port"], line["error"]], ["cannot_listen", port, "EADDRINUSE"]);
});
