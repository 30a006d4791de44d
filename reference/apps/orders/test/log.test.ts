import assert from "node:assert/strict";
import { test } from "node:test";

import { createLogger, errorFields } from "../src/log.js";

function capture(level: "debug" | "warn") {
  const lines: string[] = [];
  return { lines, logger: createLogger({ level, write: (line) => lines.push(line), fields: { service: "orders" } }) };
}

test("one event is one line of JSON, whatever its fields hold", () => {
  const { lines, logger } = capture("debug");
  logger.with({ request_id: "r-1" }).info("request", { path: '/a\n{"level":"error"}' });
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /^[^\n]*\n$/);
  const { time, ...rest } = JSON.parse(lines[0] ?? "");
  assert.ok(!Number.isNaN(Date.parse(time)));
  assert.deepEqual(rest, {
    level: "info",
    event: "request",
    service: "orders",
    request_id: "r-1",
    path: '/a\n{"level":"error"}',
  });
});

test("lines below the level are dropped", () => {
  const { lines, logger } = capture("warn");
  logger.debug("a");
  logger.info("b");
  logger.warn("c");
  logger.with({ more: true }).info("d");
  logger.error("e");
  assert.deepEqual(lines.map((line) => JSON.parse(line).event), ["c", "e"]);
});

test("anything that was thrown can be logged", () => {
  assert.equal(errorFields(new TypeError("no")).error, "TypeError");
  assert.deepEqual(errorFields("just text"), { error: "just text" });
});
