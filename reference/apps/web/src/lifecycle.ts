// How the process is set up, and how it ends without failing a request.

import type { Server } from "node:http";
import { isIP } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export interface Config {
  readonly host: string;
  /** 0 lets the kernel choose a free port. */
  readonly port: number;
  readonly logLevel: string;
  /** Seconds that the drain may take after SIGTERM. */
  readonly shutdownDrainS: number;
  readonly version: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that holds something the service can't run with. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(
    readonly variable: string,
    readonly got: string,
    readonly expected: string,
  ) {
    super(`${variable}: got ${JSON.stringify(got)}, expected ${expected}`);
  }
}

const LEVELS = ["debug", "info", "warn", "error"];

/** @throws ConfigError for the first variable that is wrong */
export function readConfig(env: Environment, packageVersion: string): Config {
  return {
    host: read(env, "HOST", "0.0.0.0", "an IP address", (text) => isIP(text) !== 0),
    port: readPort(env),
    logLevel: read(env, "LOG_LEVEL", "info", `one of ${LEVELS.join(", ")}`, (text) => LEVELS.includes(text)),
    // ECS kills a task stopTimeout (30 s) after SIGTERM: the drain must be over by then. Fargate allows 120 s at most.
    shutdownDrainS: readInteger(env, "SHUTDOWN_DRAIN_S", 25, 1, 115),
    version: read(env, "APP_VERSION", packageVersion, "1 to 64 letters, digits or . _ + -", (text) =>
      /^[A-Za-z0-9._+-]{1,64}$/.test(text),
    ),
  };
}

/** Reads PORT alone, for the health probe, which must not fail on settings that it doesn't use. */
export function readPort(env: Environment): number {
  return readInteger(env, "PORT", 3000, 0, 65_535);
}

function readInteger(env: Environment, variable: string, fallback: number, least: number, most: number): number {
  // Number() alone takes "0x10", "1e3" and " 7 ", none of which anyone means.
  const fits = (text: string): boolean => /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most;
  return Number(read(env, variable, String(fallback), `an integer from ${least} to ${most}`, fits));
}

function read(
  env: Environment,
  variable: string,
  fallback: string,
  expected: string,
  fits: (text: string) => boolean,
): string {
  // Compose files and build arguments pass an unset variable on as an empty one.
  const text = env[variable] || fallback;
  if (!fits(text)) throw new ConfigError(variable, text.slice(0, 100), expected);
  return text;
}

/** What a drain waits for: the requests that have arrived and are not answered yet, and when the last one came. */
export class Traffic {
  #inFlight = 0;
  #lastAt = 0;

  constructor(server: Server) {
    server.on("request", (_request, response) => {
      this.#inFlight += 1;
      this.#lastAt = performance.now();
      // A response closes once it was handed to the kernel in full, or its connection broke.
      response.once("close", () => (this.#inFlight -= 1));
    });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Milliseconds of performance.now(). */
  get lastAt(): number {
    return this.#lastAt;
  }
}

/** Nobody has asked for so long: whoever routes to this process has stopped doing so. */
const QUIET_MS = 500;
const POLL_MS = 20;

/**
 * Serves on, closing each connection with its next response, until nobody asks any more; then closes the listener.
 * The caller has turned readiness red before. Returns how many requests were cut off by the limit.
 *
 * ECS takes a task out of its target group before it sends SIGTERM, so there the quiet comes at once.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
 */
export async function drain(server: Server, traffic: Traffic, limitMs: number): Promise<number> {
  const begun = performance.now();
  const past = (ms: number): boolean => performance.now() - begun >= ms;

  // Half of the time for callers that don't stop, so that the other half is left for what they sent last.
  while (!past(limitMs / 2) && performance.now() - Math.max(begun, traffic.lastAt) < QUIET_MS) await delay(POLL_MS);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();

  while (!past(limitMs) && traffic.inFlight > 0) await delay(POLL_MS);
  const cutOff = traffic.inFlight;
  // Without this, a connection that was opened ahead of use would hold the process until headersTimeout.
  server.closeAllConnections();
  await closed;
  return cutOff;
}
