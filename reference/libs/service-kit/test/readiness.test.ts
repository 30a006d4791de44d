import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";

import { readiness, type Dependency } from "../src/index.js";

const fine: Dependency = { name: "postgres", essential: true, check: async () => 1 };
const gone: Dependency = {
  name: "rabbitmq",
  essential: true,
  check: async () => Promise.reject(new Error("amqp://shop:hunter2@mq")),
};
const silent: Dependency = { name: "redis", essential: true, check: () => new Promise(() => {}) };

test("a service is ready where all that it needs answers, or where it needs nothing", async () => {
  assert.deepEqual(await readiness([fine], false), { status: "ready", dependencies: { postgres: "ok" } });
  assert.deepEqual(await readiness([], false), { status: "ready", dependencies: {} });
});

test("each dependency that is missing is named, and nothing of its address is told", async () => {
  const found = await readiness([fine, gone], false);
  assert.equal(found.status, "unready");
  assert.equal(found.dependencies["postgres"], "ok");
  assert.equal(found.dependencies["rabbitmq"], "unavailable");
});

test("a dependency that the service can do without is named, and traffic still wanted", async () => {
  const found = await readiness([fine, { ...gone, essential: false }], false);
  assert.equal(found.status, "ready");
  assert.equal(found.dependencies["rabbitmq"], "unavailable");
});

test("a dependency that doesn't answer counts as missing, and holds up nobody", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const asked = readiness([fine, silent], false);
  await nextTurn();
  t.mock.timers.tick(1_500);
  const { status, dependencies } = await asked;
  assert.deepEqual([status, dependencies["postgres"], dependencies["redis"]], ["unready", "ok", "no answer"]);
});

test("a service that drains says so, whatever its dependencies do", async () => {
  assert.equal((await readiness([fine], true)).status, "draining");
  assert.equal((await readiness([gone], true)).status, "draining");
});
