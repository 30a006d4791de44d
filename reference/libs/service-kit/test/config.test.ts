import assert from "node:assert/strict";
import { test } from "node:test";

import { ConfigError, readInteger, readPort, readServiceConfig, readUrl } from "../src/index.js";

test("nothing set is the defaults, and so is what is set to nothing", () => {
  const defaults = { host: "0.0.0.0", port: 3000, logLevel: "info", shutdownDrainS: 25, version: "1.0.0" };
  assert.deepEqual(readServiceConfig({}, "1.0.0"), defaults);
  assert.deepEqual(readServiceConfig({ PORT: "", HOST: "", APP_VERSION: "" }, "1.0.0"), defaults);
});

test("what is set is taken", () => {
  const env = { HOST: "::1", PORT: "0", LOG_LEVEL: "debug", SHUTDOWN_DRAIN_S: "115", APP_VERSION: "2.0.0-rc.1+b7" };
  assert.deepEqual(readServiceConfig(env, "1.0.0"), {
    host: "::1",
    port: 0,
    logLevel: "debug",
    shutdownDrainS: 115,
    version: "2.0.0-rc.1+b7",
  });
});

for (const [variable, values] of Object.entries({
  HOST: ["localhost", "0.0.0.0.0"],
  PORT: ["65536", "-1", "3e3", "0x10", " 80", "http"],
  LOG_LEVEL: ["INFO", "verbose"],
  SHUTDOWN_DRAIN_S: ["0", "116", "2.5"],
  APP_VERSION: ["1 0", "ü", "x".repeat(65)],
})) {
  for (const value of values) {
    test(`${variable}=${value} is refused by name`, () => {
      assert.throws(
        () => readServiceConfig({ [variable]: value }, "1.0.0"),
        (error) => error instanceof ConfigError && error.variable === variable && error.got === value,
      );
    });
  }
}

test("the probe's port does not depend on other settings", () => {
  assert.equal(readPort({ PORT: "4000", LOG_LEVEL: "loud" }), 4000);
});

test("an integer of a service's own has its range", () => {
  assert.equal(readInteger({}, "LIMIT", 5, 1, 9), 5);
  assert.equal(readInteger({ LIMIT: "9" }, "LIMIT", 5, 1, 9), 9);
  assert.throws(
    () => readInteger({ LIMIT: "10" }, "LIMIT", 5, 1, 9),
    /LIMIT: got "10", expected an integer from 1 to 9/,
  );
});

test("an address is taken as it is", () => {
  const url = "postgresql://shop:s%40crt@db:5432/orders?sslmode=require";
  assert.equal(readUrl({ DATABASE_URL: url }, "DATABASE_URL", ["postgresql", "postgres"]), url);
});

for (const [what, url] of [
  ["nothing", ""],
  ["another protocol", "mysql://shop:hunter2@db/orders"],
  ["no address", "postgresql:shop:hunter2"],
  ["no host", "postgresql:///orders?password=hunter2"],
  ["no number as its port", "postgresql://shop:hunter2@db:port/orders"],
] as const) {
  test(`an address with ${what} is refused by name, and what may be a password is not repeated`, () => {
    assert.throws(
      () => readUrl({ DATABASE_URL: url }, "DATABASE_URL", ["postgresql", "postgres"]),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.equal(error.variable, "DATABASE_URL");
        assert.match(error.message, /expected an address that begins with postgresql:\/\/ or postgres:\/\/$/);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      },
    );
  });
}
