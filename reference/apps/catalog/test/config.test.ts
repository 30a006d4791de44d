import assert from "node:assert/strict";
import { test } from "node:test";

import { ConfigError } from "@reference-shop/service-kit";

import { readConfig } from "../src/config.js";

const ENV = {
  DATABASE_URL: "postgres://shop@db/catalog",
  RABBITMQ_URL: "amqp://shop@mq",
  REDIS_URL: "rediss://shop@cache:6380/0",
};

test("addresses are what has to be set", () => {
  assert.deepEqual(readConfig(ENV, "1.0.0"), {
    host: "0.0.0.0",
    port: 3000,
    logLevel: "info",
    shutdownDrainS: 25,
    version: "1.0.0",
    databaseUrl: "postgres://shop@db/catalog",
    rabbitmqUrl: "amqp://shop@mq",
    redisUrl: "rediss://shop@cache:6380/0",
    startDeadlineS: 20,
  });
});

for (const [variable, value] of [
  ["DATABASE_URL", ""],
  ["DATABASE_URL", "redis://shop:hunter2@db/catalog"],
  ["RABBITMQ_URL", ""],
  ["RABBITMQ_URL", "mq:5672"],
  ["REDIS_URL", ""],
  ["REDIS_URL", "http://shop:hunter2@cache"],
  ["START_DEADLINE_S", "601"],
] as const) {
  test(`${variable}=${value || "(nothing)"} is refused by name`, () => {
    assert.throws(
      () => readConfig({ ...ENV, [variable]: value }, "1.0.0"),
      (error) =>
        error instanceof ConfigError && error.variable === variable && !JSON.stringify(error).includes("hunter2"),
    );
  });
}
