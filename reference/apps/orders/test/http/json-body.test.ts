import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { test, type TestContext } from "node:test";

import { RequestAborted } from "../../src/http/json-body.js";
import { json } from "../../src/http/reply.js";
import { startService } from "../support/service.js";

const LIMIT_BYTES = 100;

/** Sends no more than the head of a POST. `outcome` is what the route's readJson threw. */
async function begin(t: TestContext, contentLength: number) {
  let settle = (_error: unknown): void => {};
  const outcome = new Promise<unknown>((resolve) => (settle = resolve));
  const { server, port } = await startService(t, [
    {
      method: "POST",
      path: "/",
      handle: async ({ readJson }) => {
        try {
          return json(200, await readJson(LIMIT_BYTES));
        } catch (error) {
          settle(error);
          throw error;
        }
      },
    },
  ]);
  const headers = { "content-type": "application/json", "content-length": contentLength };
  const sent = request({ host: "127.0.0.1", port, method: "POST", agent: false, headers });
  sent.flushHeaders();
  await once(server, "request");
  return { sent, outcome };
}

test("a declared length above the limit is refused before a byte of it arrives", async (t) => {
  const { sent } = await begin(t, 1_000_000_000);
  const [response] = await once(sent, "response");
  assert.equal(response.statusCode, 413);
  sent.on("error", () => {}).destroy();
});

test("a client that leaves early ends the reading as well", async (t) => {
  const { sent, outcome } = await begin(t, LIMIT_BYTES);
  sent.on("error", () => {}).destroy();
  assert.ok((await outcome) instanceof RequestAborted);
});
