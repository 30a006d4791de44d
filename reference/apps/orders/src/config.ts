// The service's settings: the only reader of the environment.

import { isIP } from "node:net";

import { LEVELS, type Level } from "./log.js";

export interface Config {
  readonly host: string;
  /** 0 lets the kernel choose a free port. */
  readonly port: number;
  readonly logLevel: Level;
  /** Seconds that requests in flight get to finish after SIGTERM. */
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

/**
 * Reads all settings.
 *
 * @param packageVersion what `version` is where APP_VERSION says nothing
 * @throws ConfigError for the first variable that is wrong
 */
export function readConfig(env: Environment, packageVersion: string): Config {
  return {
    host: read(env, "HOST", "an IP address", (text) => (isIP(text) === 0 ? undefined : text)) ?? "0.0.0.0",
    port: readPort(env),
    logLevel: read(env, "LOG_LEVEL", `one of ${LEVELS.join(", ")}`, toLevel) ?? "info",
    // ECS kills a task stopTimeout (30 s) after SIGTERM: the drain must be over by then. Fargate allows 120 s at most.
    shutdownDrainS: readInteger(env, "SHUTDOWN_DRAIN_S", 1, 115) ?? 25,
    version: read(env, "APP_VERSION", "1 to 64 letters, digits or . _ + -", toVersion) ?? packageVersion,
  };
}

/** Reads PORT alone, for the health probe, which must not fail on settings that it doesn't use. */
export function readPort(env: Environment): number {
  return readInteger(env, "PORT", 0, 65_535) ?? 3000;
}

function readInteger(env: Environment, variable: string, least: number, most: number): number | undefined {
  return read(env, variable, `an integer from ${least} to ${most}`, (text) => {
    // Number() alone takes "0x10", "1e3" and " 7 ", none of which anyone means.
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most ? value : undefined;
  });
}

function read<T>(
  env: Environment,
  variable: string,
  expected: string,
  parse: (text: string) => T | undefined,
): T | undefined {
  const text = env[variable];
  // Compose files and build arguments pass an unset variable on as an empty one.
  if (text === undefined || text === "") return undefined;
  const value = parse(text);
  if (value === undefined) throw new ConfigError(variable, text.slice(0, 100), expected);
  return value;
}

function toLevel(text: string): Level | undefined {
  return LEVELS.find((level) => level === text);
}

function toVersion(text: string): string | undefined {
  return /^[A-Za-z0-9._+-]{1,64}$/.test(text) ? text : undefined;
}
