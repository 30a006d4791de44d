import assert from "node:assert/strict";
import { test } from "node:test";

import { ConfigError, readConfig, readPort } from "../src/config.js";

test("an empty environment gives the defaults", () => {
  assert.deepEqual(readConfig({}, "1.2.3"), {
    host: "0.0.0.0",
    port: 3000,
    logLevel: "info",
    shutdownDrainS: 25,
    version: "1.2.3",
  });
});

test("every variable is honoured", () => {
  const env = { HOST: "::1", PORT: "8080", LOG_LEVEL: "debug", SHUTDOWN_DRAIN_S: "5", APP_VERSION: "2.0.0-rc.1+g1a2b" };
  assert.deepEqual(readConfig(env, "1.2.3"), {
    host: "::1",
    port: 8080,
    logLevel: "debug",
    shutdownDrainS: 5,
    version: "2.0.0-rc.1+g1a2b",
  });
});

test("an empty variable counts as absent", () => {
  assert.equal(readConfig({ APP_VERSION: "", PORT: "" }, "1.2.3").version, "1.2.3");
});

const wrong: readonly (readonly [variable: string, got: string, expected: RegExp])[] = [
  ["PORT", "http", /^an integer from 0 to 65535$/],
  ["PORT", "65536", /^an integer from 0 to 65535$/],
  ["PORT", "-1", /^an integer from 0 to 65535$/],
  ["PORT", "3e3", /^an integer from 0 to 65535$/],
  ["PORT", " 3000", /^an integer from 0 to 65535$/],
  ["HOST", "localhost", /^an IP address$/],
  ["LOG_LEVEL", "INFO", /^one of debug, info, warn, error$/],
  ["SHUTDOWN_DRAIN_S", "0", /^an integer from 1 to 115$/],
  ["SHUTDOWN_DRAIN_S", "120", /^an integer from 1 to 115$/],
  ["APP_VERSION", "v1 beta", /letters, digits/],
];

for (const [variable, got, expected] of wrong) {
  test(`${variable}=${JSON.stringify(got)} is refused by name`, () => {
    assert.throws(
      () => readConfig({ [variable]: got }, "1.2.3"),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.equal(error.variable, variable);
        assert.equal(error.got, got);
        assert.match(error.expected, expected);
        return true;
      },
    );
  });
}

test("the probe's port does not depend on other settings", () => {
  assert.equal(readPort({ PORT: "4000", LOG_LEVEL: "loud" }), 4000);
});
