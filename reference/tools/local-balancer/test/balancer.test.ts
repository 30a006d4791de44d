import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { text } from "node:stream/consumers";

import { createBalancer } from "../src/balancer.js";

/** A service that says who it is and what it was asked, and counts. */
async function startService(t: TestContext, name: string, onRequest?: (request: IncomingMessage) => void) {
  const server = createServer(async (request, response) => {
    onRequest?.(request);
    const { method, url, headers } = request;
    const body = await text(request);
    response.writeHead(201, { "content-type": "application/json", "x-app-version": "9.9.9" });
    response.end(JSON.stringify({ name, method, url, key: headers["idempotency-key"], body }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function startBalancer(t: TestContext, down?: "orders") {
  const lost: string[] = [];
  const orders = await startService(t, "orders", (request) => {
    if (down !== "orders") return;
    lost.push(request.url ?? "");
    request.socket.destroy();
  });
  const [catalog, web] = await Promise.all([startService(t, "catalog"), startService(t, "web")]);
  const balancer = await createBalancer({ orders, catalog, web });
  t.after(() => balancer.close());
  return { url: await balancer.listen({ host: "127.0.0.1", port: 0 }), lost };
}

test("each path goes to its service, and arrives as it was sent", async (t) => {
  const { url } = await startBalancer(t);
  for (const [path, name] of [
    ["/api/orders", "orders"],
    ["/api/orders/7?a=1", "orders"],
    ["/api/products", "catalog"],
    ["/api/products/p-1", "catalog"],
    ["/", "web"],
    ["/assets/x.js", "web"],
    ["/api/other", "web"],
    ["/readyz", "web"],
  ]) {
    const answer = (await (await fetch(`${url}${path}`)).json()) as { name: string; url: string };
    assert.deepEqual([answer.name, answer.url], [name, path]);
  }
});

test("method, headers and body reach the service; its status and headers come back", async (t) => {
  const { url } = await startBalancer(t);
  const headers = { "content-type": "application/json", "idempotency-key": "k-1" };
  const response = await fetch(`${url}/api/orders`, { method: "POST", headers, body: '{"items":[]}' });
  assert.equal(response.status, 201);
  assert.equal(response.headers.get("x-app-version"), "9.9.9");
  const { method, key, body } = (await response.json()) as Record<string, unknown>;
  assert.deepEqual([method, key, body], ["POST", "k-1", '{"items":[]}']);
});

test("a service that breaks the connection is a 502, asked once; the others are served", async (t) => {
  const { url, lost } = await startBalancer(t, "orders");
  assert.equal((await fetch(`${url}/api/orders/7`)).status, 502);
  assert.deepEqual(lost, ["/api/orders/7"]);
  assert.equal((await fetch(`${url}/api/products`)).status, 201);
});
