import assert from "node:assert/strict";
import { test } from "node:test";

import { ConfigError, readBackEndConfig } from "../src/config.js";

const ENV = { DATABASE_URL: "postgresql://shop@db/orders", RABBITMQ_URL: "amqps://shop@mq" };

test("addresses are what has to be set", () => {
  assert.deepEqual(readBackEndConfig(ENV, "1.0.0"), {
    host: "0.0.0.0",
    port: 3000,
    logLevel: "info",
    shutdownDrainS: 25,
    version: "1.0.0",
    databaseUrl: "postgresql://shop@db/orders",
    rabbitmqUrl: "amqps://shop@mq",
    startDeadlineS: 20,
  });
  assert.equal(readBackEndConfig({ ...ENV, START_DEADLINE_S: "60" }, "1.0.0").startDeadlineS, 60);
});

for (const [variable, value] of [
  ["DATABASE_URL", ""],
  ["DATABASE_URL", "mysql://shop:hunter2@db/orders"],
  ["RABBITMQ_URL", ""],
  ["RABBITMQ_URL", "https://shop:hunter2@mq"],
  ["START_DEADLINE_S", "0"],
  ["START_DEADLINE_S", "soon"],
  ["PORT", "http"],
] as const) {
  test(`${variable}=${value || "(nothing)"} is refused by name`, () => {
    assert.throws(
      () => readBackEndConfig({ ...ENV, [variable]: value }, "1.0.0"),
      (error) =>
        error instanceof ConfigError && error.variable === variable && !JSON.stringify(error).includes("hunter2"),
    );
  });
}
