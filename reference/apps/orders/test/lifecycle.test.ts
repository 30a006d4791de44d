import assert from "node:assert/strict";
import { test } from "node:test";

import { Lifecycle } from "../src/lifecycle.js";

test("a process starts, becomes ready and drains once", () => {
  const lifecycle = new Lifecycle();
  assert.equal(lifecycle.phase, "starting");
  lifecycle.becomeReady();
  assert.equal(lifecycle.phase, "ready");
  assert.equal(lifecycle.beginDrain(), true);
  assert.equal(lifecycle.beginDrain(), false);
  assert.equal(lifecycle.phase, "draining");
});

test("a drain that begins during the start is not undone by the end of the start", () => {
  const lifecycle = new Lifecycle();
  lifecycle.beginDrain();
  lifecycle.becomeReady();
  assert.equal(lifecycle.phase, "draining");
});
