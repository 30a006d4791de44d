import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";

import { pino } from "pino";

import { createHttp, Problem, type Dependency } from "../src/index.js";

const ALB_IDLE_TIMEOUT_MS = 60_000;

const THING = {
  type: "object",
  properties: { name: { type: "string" }, count: { type: "integer" } },
  required: ["name"],
  additionalProperties: false,
} as const;

/** A real server on a free port of 127.0.0.1, closed when the test ends. */
async function startHttp(t: TestContext, dependencies: readonly Dependency[] = []) {
  const lines: string[] = [];
  const logger = pino({ level: "debug", messageKey: "event" }, { write: (line: string) => lines.push(line) });
  const phase = { draining: false };
  const headers = { "x-own": "yes" };
  const app = createHttp({ version: "1.2.3", logger, isDraining: () => phase.draining, dependencies, headers });
  app.get("/things/:id", async () => ({ a: "thing" }));
  app.post("/things", { schema: { body: THING } }, async (request) => request.body);
  app.get("/broken", async () => Promise.reject(new Error("a detail that is nobody's business")));
  app.get("/taken", async () => Promise.reject(new Problem(409, "taken", "Somebody has it.")));
  await app.listen({ port: 0, host: "127.0.0.1" });
  t.after(async () => {
    app.server.closeAllConnections();
    await app.close();
  });
  const { port } = app.server.address() as AddressInfo;
  const logged = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { app, port, url: `http://127.0.0.1:${port}`, phase, logged };
}

const post = (url: string, body: string, type = "application/json") =>
  fetch(`${url}/things`, { method: "POST", body, headers: { "content-type": type } });

async function problemOf(response: Response): Promise<{ status: number; code: string; detail: string }> {
  assert.match(response.headers.get("content-type") ?? "", /^application\/problem\+json(?:;|$)/);
  const { type, title, ...rest } = (await response.json()) as Record<string, string | number>;
  assert.deepEqual([type, typeof title], ["about:blank", "string"]);
  assert.equal(rest["status"], response.status);
  return rest as { status: number; code: string; detail: string };
}

test("connections outlive the balancer's idle timeout", async (t) => {
  const { server } = (await startHttp(t)).app;
  assert.ok(server.keepAliveTimeout > ALB_IDLE_TIMEOUT_MS);
  assert.ok(server.headersTimeout > server.keepAliveTimeout);
});

test("every answer names the release and the request, and is kept by nobody", async (t) => {
  const { url } = await startHttp(t);
  for (const path of ["/things/1", "/healthz", "/readyz", "/broken", "/nothing"]) {
    const { headers } = await fetch(url + path);
    assert.equal(headers.get("x-app-version"), "1.2.3", path);
    assert.match(headers.get("x-request-id") ?? "", /^[0-9a-f-]{36}$/, path);
    assert.equal(headers.get("cache-control"), "no-store", path);
    assert.equal(headers.get("x-own"), "yes", path);
  }
});

test("a harmless request id is taken over, any other replaced", async (t) => {
  const { url } = await startHttp(t);
  const idFor = async (given: string) =>
    (await fetch(`${url}/things/1`, { headers: { "x-request-id": given } })).headers.get("x-request-id");
  assert.equal(await idFor("abc-123"), "abc-123");
  assert.match((await idFor('"}{')) ?? "", /^[0-9a-f-]{36}$/);
});

test("readiness follows the drain and the dependencies, liveness neither", async (t) => {
  let there = true;
  const check = async () => (there ? 1 : Promise.reject(new Error("gone")));
  const { url, phase } = await startHttp(t, [{ name: "postgres", essential: true, check }]);
  const probe = async (path: string) => {
    const response = await fetch(url + path);
    return [response.status, ((await response.json()) as { status: string }).status];
  };
  assert.deepEqual(await probe("/readyz"), [200, "ready"]);
  there = false;
  assert.deepEqual(await probe("/readyz"), [503, "unready"]);
  assert.deepEqual(await probe("/healthz"), [200, "ok"]);
  there = phase.draining = true;
  assert.deepEqual(await probe("/readyz"), [503, "draining"]);
  assert.deepEqual(await probe("/healthz"), [200, "ok"]);
});

test("during a drain, a response closes its keep-alive connection", async (t) => {
  const { url, phase } = await startHttp(t);
  assert.equal((await fetch(`${url}/things/1`)).headers.get("connection"), "keep-alive");
  phase.draining = true;
  assert.equal((await fetch(`${url}/things/1`)).headers.get("connection"), "close");
});

test("unknown paths are a 404", async (t) => {
  const { url } = await startHttp(t);
  assert.equal((await problemOf(await fetch(`${url}/nothing`))).code, "not_found");
});

test("a route's own problem is answered as it says", async (t) => {
  const { url } = await startHttp(t);
  const problem = await problemOf(await fetch(`${url}/taken`));
  assert.deepEqual(problem, { status: 409, code: "taken", detail: "Somebody has it." });
});

test("an error of ours is a 500 without details, and a log line with them", async (t) => {
  const { url, logged } = await startHttp(t);
  const response = await fetch(`${url}/broken`, { headers: { "x-request-id": "r-1" } });
  const { status, code, detail } = await problemOf(response);
  assert.deepEqual([status, code], [500, "internal_error"]);
  assert.doesNotMatch(detail, /business/);
  const line = logged().find(({ event }) => event === "request_failed");
  assert.equal(line?.["request_id"], "r-1");
  assert.match(JSON.stringify(line?.["err"]), /business/);
});

test("a body that fits is taken as it is, and is never changed until it does", async (t) => {
  const { url } = await startHttp(t);
  assert.deepEqual(await (await post(url, '{"name":"a","count":1}')).json(), { name: "a", count: 1 });
  for (const [body, culprit] of [
    ['{"count":1}', /name/],
    ['{"name":"a","count":"1"}', /count/],
    ['{"name":"a","more":1}', /additional/],
    ["[]", /object/],
  ] as const) {
    const problem = await problemOf(await post(url, body));
    assert.deepEqual([problem.status, problem.code], [400, "invalid_request"], body);
    assert.match(problem.detail, culprit, body);
  }
});

test("what is no JSON, of another kind, or too large is refused", async (t) => {
  const { url } = await startHttp(t);
  assert.equal((await problemOf(await post(url, "{"))).status, 400);
  assert.equal((await problemOf(await post(url, "a=1", "text/csv"))).status, 415);
  assert.equal((await problemOf(await post(url, " ".repeat(16 * 1024 + 1)))).status, 413);
  const padded = '{"name":"a"}'.padEnd(16 * 1024);
  assert.equal((await post(url, padded)).status, 200);
});

test("one line a request, without query and body; probes at debug alone", async (t) => {
  const { url, logged } = await startHttp(t);
  await (await fetch(`${url}/things/1?key=hunter2`)).text();
  await (await post(url, '{"name":"hunter2"}')).text();
  await (await fetch(`${url}/healthz`)).text();
  const requests = logged().filter(({ event }) => event === "request");
  assert.deepEqual(
    requests.map(({ level, method, path, status }) => [level, method, path, status]),
    [
      [30, "GET", "/things/1", 200],
      [30, "POST", "/things", 200],
      [20, "GET", "/healthz", 200],
    ],
  );
  assert.doesNotMatch(JSON.stringify(logged()), /hunter2/);
});

test("a client that leaves in the middle of its body fails nothing", async (t) => {
  const { app, port, url, logged } = await startHttp(t);
  const socket = connect(port, "127.0.0.1");
  socket.write('POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a"');
  await once(app.server, "request");
  socket.destroy();
  assert.equal((await fetch(`${url}/things/1`)).status, 200);
  assert.ok(logged().every(({ level }) => Number(level) < 40));
});
