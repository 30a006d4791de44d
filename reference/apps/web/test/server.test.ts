import assert from "node:assert/strict";
import { rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gunzipSync } from "node:zlib";

import { pino } from "pino";

import { createWeb } from "../src/server.js";
import { FILES, makePublic } from "./support/public.js";

const FOR_EVER = "public, max-age=31536000, immutable";

async function startWeb(t: TestContext, isDraining = (): boolean => false) {
  const publicDir = await makePublic(t);
  const lines: Record<string, unknown>[] = [];
  const logger = pino(
    { level: "debug", messageKey: "event", base: null, formatters: { level: (level) => ({ level }) } },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  const web = await createWeb({ publicDir, version: "1.2.3", logger, isDraining });
  t.after(() => web.close());
  return { web, lines, publicDir };
}

for (const [path, type, caching] of [
  ["/", "text/html; charset=utf-8", "no-cache"],
  ["/favicon.svg", "image/svg+xml", "no-cache"],
  ["/assets/index-AbCd_-12.js", "application/javascript; charset=utf-8", FOR_EVER],
  ["/mfe/catalog/manifest.json", "application/json; charset=utf-8", "no-cache"],
  ["/mfe/catalog/assets/main-AbCd1234.js", "application/javascript; charset=utf-8", FOR_EVER],
] as const) {
  test(`${path} is served, and cached as its name says: ${caching}`, async (t) => {
    const { web } = await startWeb(t);
    const text = FILES[(path === "/" ? "index.html" : path.slice(1)) as keyof typeof FILES];
    const response = await web.inject({ path });
    assert.equal(response.statusCode, 200);
    assert.equal(response.body, text);
    assert.equal(response.headers["content-type"], type);
    assert.equal(response.headers["cache-control"], caching);

    const compressed = await web.inject({ path, headers: { "accept-encoding": "br, gzip" } });
    assert.equal(compressed.headers["content-encoding"], "gzip");
    assert.equal(compressed.headers["content-type"], type);
    assert.equal(compressed.headers["cache-control"], caching);
    assert.equal(compressed.headers["vary"], "accept-encoding");
    assert.equal(gunzipSync(compressed.rawPayload).toString(), text);

    const head = await web.inject({ method: "HEAD", path });
    assert.deepEqual([head.statusCode, head.body], [200, ""]);
  });
}

test("a release that differs in a hash alone, from the same time, is not taken for the one before", async (t) => {
  const { web, publicDir } = await startWeb(t);
  const index = join(publicDir, "index.html");
  const visit = async (headers: Record<string, string>) => web.inject({ path: "/", headers });
  await utimes(index, 0, 0);
  const first = await visit({});

  await writeFile(index, FILES["index.html"].replace("Shell", "SHELL"));
  await utimes(index, 0, 0);
  // What a browser sends back of the first answer.
  const { etag, "last-modified": lastModified } = first.headers;
  const second = await visit({
    ...(etag === undefined ? {} : { "if-none-match": etag }),
    ...(lastModified === undefined ? {} : { "if-modified-since": String(lastModified) }),
  });
  assert.equal(second.statusCode, 200);
  assert.match(second.body, /SHELL/);
});

for (const path of ["/orders/7", "/a/b/"]) {
  test(`${path} is a page of the app: the shell's index.html, never cached`, async (t) => {
    const { web } = await startWeb(t);
    const response = await web.inject({ path, headers: { accept: "text/html,*/*;q=0.8" } });
    assert.equal(response.statusCode, 200);
    assert.equal(response.body, FILES["index.html"]);
    assert.equal(response.headers["cache-control"], "no-cache");
  });
}

for (const [what, request] of [
  ["an unknown hashed file", { path: "/assets/index-00000000.js", headers: { accept: "text/html" } }],
  ["an unknown file of a micro-frontend", { path: "/mfe/cart/assets/x", headers: { accept: "text/html" } }],
  ["an unknown micro-frontend", { path: "/mfe/none", headers: { accept: "text/html" } }],
  ["an unknown file", { path: "/robots.txt", headers: { accept: "text/html" } }],
  ["a path of the API that was routed here by mistake", { path: "/api/orders", headers: { accept: "text/html" } }],
  ["a page that something else than a browser asks for", { path: "/orders/7", headers: { accept: "*/*" } }],
  ["a hidden file", { path: "/.secret", headers: {} }],
  ["a folder", { path: "/mfe/cart/", headers: {} }],
  ["a way out of the folder", { path: "/..%2f..%2fpackage.json", headers: {} }],
  ["another method", { method: "POST", path: "/", headers: { accept: "text/html" } }],
] as const) {
  test(`${what} is 404, as a problem that nobody caches`, async (t) => {
    const { web } = await startWeb(t);
    const response = await web.inject(request);
    assert.equal(response.statusCode, 404);
    assert.match(String(response.headers["content-type"]), /^application\/problem\+json/);
    assert.equal(response.headers["cache-control"], "no-store");
    assert.equal(response.json().code, "not_found");
  });
}

test("each answer says which release it is from, and what a browser may do with it", async (t) => {
  const { web } = await startWeb(t);
  for (const path of ["/", "/assets/index-AbCd_-12.js", "/none.js", "/healthz", "/readyz"]) {
    const { headers } = await web.inject({ path });
    assert.equal(headers["x-app-version"], "1.2.3", path);
    assert.equal(headers["x-content-type-options"], "nosniff", path);
    const policy = String(headers["content-security-policy"]);
    assert.match(policy, /^default-src 'none'; /, path);
    assert.doesNotMatch(policy, /unsafe|\*|data:|http/, path);
  }
});

test("/readyz names each part, and says no when one is missing; /healthz doesn't mind", async (t) => {
  const { web, publicDir } = await startWeb(t);
  const ready = await web.inject({ path: "/readyz" });
  assert.equal(ready.statusCode, 200);
  assert.deepEqual(ready.json(), { status: "ready", dependencies: { shell: "ok", catalog: "ok", cart: "ok" } });

  await rm(join(publicDir, "mfe/cart/manifest.json"));
  const unready = await web.inject({ path: "/readyz" });
  assert.equal(unready.statusCode, 503);
  assert.deepEqual(unready.json(), {
    status: "unready",
    dependencies: { shell: "ok", catalog: "ok", cart: "unavailable" },
  });
  assert.equal((await web.inject({ path: "/healthz" })).statusCode, 200);
});

test("while draining, /readyz says no, files are served, and each connection ends with its answer", async (t) => {
  let draining = false;
  const { web } = await startWeb(t, () => draining);
  assert.notEqual((await web.inject({ path: "/" })).headers.connection, "close");
  draining = true;
  const unready = await web.inject({ path: "/readyz" });
  assert.deepEqual([unready.statusCode, unready.json().status], [503, "draining"]);
  const page = await web.inject({ path: "/" });
  assert.deepEqual([page.statusCode, page.headers.connection], [200, "close"]);
});

test("a request is one line, without its query; a probe's is for debugging", async (t) => {
  const { web, lines } = await startWeb(t);
  await web.inject({ path: "/none.js?token=1", headers: { "x-request-id": "r-1" } });
  await web.inject({ path: "/healthz", headers: { "x-request-id": "evil id" } });
  const [request, probe] = lines;
  assert.equal(lines.length, 2);
  assert.deepEqual(
    [request?.["level"], request?.["event"], request?.["request_id"], request?.["path"], request?.["status"]],
    ["info", "request", "r-1", "/none.js", 404],
  );
  assert.equal(probe?.["level"], "debug");
  assert.match(String(probe?.["request_id"]), /^[0-9a-f-]{36}$/);
});
