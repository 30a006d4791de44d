// Settings: the only reader of the environment.

import { isIP } from "node:net";

export interface ServiceConfig {
  readonly host: string;
  /** 0 lets the kernel choose a free port. */
  readonly port: number;
  readonly logLevel: string;
  /** Seconds that the drain may take after SIGTERM. */
  readonly shutdownDrainS: number;
  readonly version: string;
}

/** What a back end needs beside: a database of its own, and the shop's broker. */
export interface BackEndConfig extends ServiceConfig {
  readonly databaseUrl: string;
  readonly rabbitmqUrl: string;
  /** Seconds within which the database has to be there when the service starts. */
  readonly startDeadlineS: number;
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
export function readServiceConfig(env: Environment, packageVersion: string): ServiceConfig {
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

/** @throws ConfigError for the first variable that is wrong */
export function readBackEndConfig(env: Environment, packageVersion: string): BackEndConfig {
  return {
    ...readServiceConfig(env, packageVersion),
    databaseUrl: readUrl(env, "DATABASE_URL", ["postgresql", "postgres"]),
    rabbitmqUrl: readUrl(env, "RABBITMQ_URL", ["amqp", "amqps"]),
    startDeadlineS: readInteger(env, "START_DEADLINE_S", 20, 1, 600),
  };
}

/** Reads PORT alone, for the health probe, which must not fail on settings that it doesn't use. */
export function readPort(env: Environment): number {
  return readInteger(env, "PORT", 3000, 0, 65_535);
}

/** @throws ConfigError where it is set to anything but an integer in the range, both ends included */
export function readInteger(env: Environment, variable: string, fallback: number, least: number, most: number): number {
  // Number() alone takes "0x10", "1e3" and " 7 ", none of which anyone means.
  const fits = (text: string): boolean => /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most;
  return Number(read(env, variable, String(fallback), `an integer from ${least} to ${most}`, fits));
}

/**
 * Reads the address of a dependency, which has no default. It holds a password, so it is never repeated.
 *
 * @param protocols e.g. `["postgresql", "postgres"]`
 */
export function readUrl(env: Environment, variable: string, protocols: readonly string[]): string {
  const text = env[variable] ?? "";
  const expected = `an address that begins with ${protocols.map((protocol) => `${protocol}://`).join(" or ")}`;
  if (text === "") throw new ConfigError(variable, "", expected);
  const protocol = protocols.find((each) => text.startsWith(`${each}://`));
  if (protocol === undefined || !URL.canParse(text) || new URL(text).hostname === "") {
    throw new ConfigError(variable, "something else (not shown: it may hold a password)", expected);
  }
  return text;
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
