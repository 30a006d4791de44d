import assert from "node:assert/strict";
import { test } from "node:test";

import { ConfigError, readConfig } from "../src/lifecycle.js";

test("nothing set is the defaults, and so is what is set to nothing", () => {
  const defaults = { host: "0.0.0.0", port: 3000, logLevel: "info", shutdownDrainS: 25, version: "1.0.0" };
  assert.deepEqual(readConfig({}, "1.0.0"), defaults);
  assert.deepEqual(readConfig({ PORT: "", HOST: "", APP_VERSION: "" }, "1.0.0"), defaults);
});

test("what is set is taken", () => {
  const env = { HOST: "::1", PORT: "0", LOG_LEVEL: "debug", SHUTDOWN_DRAIN_S: "115", APP_VERSION: "2.0.0-rc.1+b7" };
  assert.deepEqual(readConfig(env, "1.0.0"), {
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
        () => readConfig({ [variable]: value }, "1.0.0"),
        (error) => error instanceof ConfigError && error.variable === variable && error.got === value,
      );
    });
  }
}
