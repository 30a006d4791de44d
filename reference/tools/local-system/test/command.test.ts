import assert from "node:assert/strict";
import { test } from "node:test";
import { commandOf } from "../src/command.js";

test("without a command the shop runs until it is told to end", () => {
  assert.deepEqual(commandOf(["node", "main.js"]), []);
  assert.deepEqual(commandOf(["node", "main.js", "--"]), []);
});

test("a command keeps its own options, a second -- among them", () => {
  assert.deepEqual(commandOf(["node", "main.js", "--", "npm", "run", "e2e", "--", "--list"]), [
    "npm",
    "run",
    "e2e",
    "--",
    "--list",
  ]);
});
