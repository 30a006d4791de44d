// How a service's process starts and ends: settings, dependencies, then the port; a drain, then dependencies last.

import { once } from "node:events";
import type { AddressInfo } from "node:net";

import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";

import { ConfigError, type Environment, type ServiceConfig } from "./config.js";
import { drain, Traffic } from "./drain.js";
import { createLogger, die, errorLine } from "./log.js";

export interface Surroundings {
  readonly logger: Logger;
  readonly isDraining: () => boolean;
}

export interface Running {
  readonly app: FastifyInstance;
  /** Closes what the service depends on. Called once no request is in flight any more. */
  readonly close?: () => Promise<void>;
}

export interface ServiceOptions<C extends ServiceConfig> {
  readonly name: string;
  /** @throws ConfigError before anything is opened */
  readonly readConfig: (env: Environment) => C;
  /** Brings up what has to be there before the first request. Where it rejects, the port is never opened. */
  readonly start: (config: C, surroundings: Surroundings) => Promise<Running>;
}

/** Runs a service until a signal ends it: 0 after a clean drain, 1 with one line on standard error for all else. */
export async function runService<C extends ServiceConfig>({
  name,
  readConfig,
  start,
}: ServiceOptions<C>): Promise<void> {
  process.on("uncaughtException", (err) => die(name, "crashed", { err }));
  const config = loadConfig(name, readConfig);
  const logger = createLogger(name, config.logLevel, config.version);

  let draining = false;
  let running: Running | undefined;
  let traffic: Traffic | undefined;
  const onSignal = async (signal: NodeJS.Signals): Promise<void> => {
    if (draining) {
      logger.info({ signal, reason: "already draining" }, "signal_ignored");
      return;
    }
    draining = true;
    // Still starting: nothing was promised to anybody. A migration that is under way is rolled back by its database.
    if (running === undefined || traffic === undefined) {
      logger.info({ signal, reason: "still starting" }, "stopped");
      process.exit(0);
    }
    logger.info({ signal, in_flight: traffic.inFlight, limit_s: config.shutdownDrainS }, "draining");
    const requests = await drain(running.app.server, traffic, config.shutdownDrainS * 1_000);
    await running.close?.().catch((error: unknown) => logger.warn({ reason: errorLine(error) }, "close_failed"));
    if (requests > 0) die(name, "drain_cut_off", { requests });
    logger.info("stopped");
    process.exit(0);
  };
  // Node as process 1 has no default action for signals: without these handlers, SIGTERM would do nothing at all.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, (received) => void onSignal(received));

  try {
    const started = await start(config, { logger, isDraining: () => draining });
    await started.app.ready();
    traffic = new Traffic(started.app.server);
    running = started;
  } catch (error) {
    die(name, "start_failed", { reason: errorLine(error) });
  }
  await listen(name, running.app, config);
  const { address, port } = running.app.server.address() as AddressInfo;
  logger.info({ host: address, port, node: process.version }, "listening");
}

function loadConfig<C>(name: string, readConfig: (env: Environment) => C): C {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { variable, got, expected } = error;
    return die(name, "invalid_config", { variable, got, expected });
  }
}

async function listen(name: string, { server }: FastifyInstance, { host, port }: ServiceConfig): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    const message = code === "EADDRINUSE" ? "something else listens there; stop it or set PORT" : String(error);
    die(name, "cannot_listen", { host, port, error: code, message });
  }
}
