// The container's health probe: an image without a shell has no curl. Exits 0 or 1, with one line.
// It starts every few seconds in each task, so it loads next to nothing.

import { get } from "node:http";

import { ConfigError, readPort } from "./lifecycle.js";

/** Below the 3 s after which Docker and ECS kill a probe, so that the line below says why it failed. */
const TIMEOUT_MS = 2_000;

function finish(status: 0 | 1, line: string): never {
  (status === 0 ? process.stdout : process.stderr).write(`${line}\n`);
  process.exit(status);
}

function portOrFail(): number {
  try {
    return readPort(process.env);
  } catch (error) {
    return finish(1, `unhealthy: ${error instanceof ConfigError ? error.message : String(error)}`);
  }
}

const url = `http://127.0.0.1:${portOrFail()}/healthz`;

// Its own timer, and not the request's timeout option: that one starts anew with every byte.
setTimeout(() => finish(1, `unhealthy: ${url}: got no answer in ${TIMEOUT_MS} ms, expected status 200`), TIMEOUT_MS);

get(url, { agent: false }, ({ statusCode }) => {
  if (statusCode === 200) finish(0, `healthy: ${url}`);
  finish(1, `unhealthy: ${url}: got status ${statusCode}, expected 200`);
}).on("error", (error) => finish(1, `unhealthy: ${url}: ${error.message}`));
