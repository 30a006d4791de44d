import assert from "node:assert/strict";
import { test } from "node:test";

import { errorLine } from "../src/index.js";

test("an error is one line", () => {
  assert.equal(errorLine(new TypeError("a\n  b\tc")), "a b c");
  assert.equal(errorLine("just text"), "just text");
  assert.equal(errorLine(new TypeError()), "TypeError");
});

test("an error's code is told where its message doesn't", () => {
  const lost = (message: string) => Object.assign(new Error(message), { code: "ECONNRESET" });
  assert.equal(errorLine(lost("socket hang up")), "ECONNRESET: socket hang up");
  assert.equal(errorLine(lost("read ECONNRESET")), "read ECONNRESET");
  // Node joins the failures of several addresses into one without a message.
  assert.match(errorLine(Object.assign(new AggregateError([]), { code: "ECONNREFUSED" })), /ECONNREFUSED/);
});

test("user and password of an address are left out", () => {
  const line = errorLine(new Error("can't reach amqp://shop:hunter2@mq:5672/ nor postgresql://shop:hunter2@db/orders"));
  assert.equal(line, "can't reach amqp://mq:5672/ nor postgresql://db/orders");
});

test("a line has an end", () => {
  assert.equal(errorLine(new Error("x".repeat(1_000))).length, 300);
});
