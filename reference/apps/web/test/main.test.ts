// The process as the platform sees it: exit codes, signals, what it prints.

import assert from "node:assert/strict";
import { once } from "node:events";
import { cp } from "node:fs/promises";
import { Agent, request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { startScript } from "@reference-shop/testing";

import { makePublic } from "./support/public.js";

const MAIN = fileURLToPath(new URL("../src/main.js", import.meta.url));
const HEALTHCHECK = fileURLToPath(new URL("../src/healthcheck.js", import.meta.url));
/** Where the compiled main.ts looks for its files. */
const PUBLIC = fileURLToPath(new URL("../src/public", import.meta.url));

async function startMain(t: TestContext, env: Record<string, string> = {}) {
  await cp(await makePublic(t), PUBLIC, { recursive: true });
  const running = startScript(t, MAIN, { HOST: "127.0.0.1", PORT: "0", ...env });
  const port = Number((await running.logLine("listening"))["port"]);
  return { ...running, port };
}

/** Asks for the largest kind of file that there is, and reads it to its end. */
async function ask(port: number, agent: Agent | false): Promise<number> {
  const sent = request({ host: "127.0.0.1", port, agent, path: "/mfe/cart/assets/main-AbCd1234.js" }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  return response.statusCode ?? 0;
}

for (const [kind, keepAlive] of [
  ["kept connections", true],
  ["fresh connections", false],
] as const) {
  test(`1,000 requests over ${kind} during SIGTERM lose none`, async (t) => {
    const main = await startMain(t);
    const agent = keepAlive ? new Agent({ keepAlive: true, maxSockets: 20 }) : false;
    if (agent) t.after(() => agent.destroy());

    const statuses: number[] = [];
    let left = 1_000;
    const client = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        if (left === 600) main.child.kill("SIGTERM");
        statuses.push(await ask(main.port, agent));
      }
    };
    await Promise.all(Array.from({ length: 20 }, client));

    assert.equal(statuses.length, 1_000);
    assert.deepEqual([...new Set(statuses)], [200]);
    const exit = await main.exit;
    assert.deepEqual([exit.code, exit.signal, exit.stderr], [0, null, ""]);
    const lines = exit.stdout.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
    const begun = lines.findIndex(({ event }) => event === "draining");
    assert.ok(lines.slice(begun).filter(({ event }) => event === "request").length > 100, "most came in the drain");
    assert.equal(lines.at(-1)?.["event"], "stopped");
  });
}

test("a drain of a silent server ends soon, and refuses connections from then on", async (t) => {
  const main = await startMain(t);
  const idle = connect(main.port, "127.0.0.1");
  await once(idle, "connect");
  main.child.kill("SIGTERM");
  await main.logLine("draining");
  main.child.kill("SIGTERM");
  await main.logLine("signal_ignored");
  assert.equal((await main.exit).code, 0);
  const [error] = await once(connect(main.port, "127.0.0.1"), "error");
  assert.equal((error as NodeJS.ErrnoException).code, "ECONNREFUSED");
});

test("a client that never stops doesn't hold the drain beyond its limit", async (t) => {
  const main = await startMain(t, { SHUTDOWN_DRAIN_S: "1" });
  main.child.kill("SIGTERM");
  await main.logLine("draining");
  let open = true;
  void main.exit.then(() => (open = false));
  while (open) {
    await ask(main.port, false).catch(() => {});
    await delay(20);
  }
  assert.equal((await main.exit).code, 0);
});

test("a wrong setting is an exit 1 with one line that names it", async (t) => {
  const exit = await startScript(t, MAIN, { PORT: "http" }).exit;
  assert.equal(exit.code, 1);
  assert.equal(exit.stdout, "");
  assert.equal(exit.stderr.split("\n").length, 1);
  const { time: _, ...line } = JSON.parse(exit.stderr);
  assert.deepEqual(line, {
    level: "error",
    event: "invalid_config",
    service: "web",
    variable: "PORT",
    got: "http",
    expected: "an integer from 0 to 65535",
  });
});

test("a port in use is an exit 1 with one line that names it", async (t) => {
  const { port } = await startMain(t);
  const exit = await startScript(t, MAIN, { HOST: "127.0.0.1", PORT: String(port) }).exit;
  assert.equal(exit.code, 1);
  const line = JSON.parse(exit.stderr);
  assert.deepEqual([line.event, line.port, line.error], ["cannot_listen", port, "EADDRINUSE"]);
});

test("the health probe says yes of a server that works, and no where there is none", async (t) => {
  const main = await startMain(t);
  const healthy = await startScript(t, HEALTHCHECK, { PORT: String(main.port) }).exit;
  assert.deepEqual([healthy.code, healthy.stderr], [0, ""]);
  main.child.kill("SIGKILL");
  await main.exit;
  const unhealthy = await startScript(t, HEALTHCHECK, { PORT: String(main.port) }).exit;
  assert.equal(unhealthy.code, 1);
  assert.match(unhealthy.stderr, /ECONNREFUSED/);
});
