import assert from "node:assert/strict";
import { test } from "node:test";

import { eventually } from "../src/index.js";

test("what becomes true is waited for, and what comes of it is returned", async () => {
  let attempts = 0;
  const found = await eventually(() => {
    attempts += 1;
    if (attempts < 3) throw new Error("not yet");
    return "there";
  });
  assert.deepEqual([found, attempts], ["there", 3]);
});

test("what never becomes true fails with its last reason", async () => {
  let attempts = 0;
  const never = eventually(() => assert.fail(`attempt ${++attempts}`), 60);
  await assert.rejects(
    never,
    (error) => error instanceof assert.AssertionError && error.message === `attempt ${attempts}`,
  );
});
