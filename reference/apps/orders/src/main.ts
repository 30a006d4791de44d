// The orders service: puts the parts together, and answers for how the process starts and ends.

import { once } from "node:events";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";

import { ConfigError, readConfig, type Config } from "./config.js";
import { operationalRoutes } from "./http/operational-routes.js";
import { orderRoutes } from "./http/order-routes.js";
import { createService, type HttpService } from "./http/server.js";
import { Lifecycle } from "./lifecycle.js";
import { createLogger, errorFields, type Fields, type Logger } from "./log.js";
import { MemoryOrderStore } from "./memory-order-store.js";
import { drain } from "./shutdown.js";

const EXIT_OK = 0;
const EXIT_FAILURE = 1;
/** EX_CONFIG of sysexits.h: restarting won't help, someone has to change a setting. */
const EXIT_CONFIG = 78;

const packageVersion: string = createRequire(import.meta.url)("#package.json").version;

/** Ends the process with one line on standard error, in the shape of every other log line. */
function die(status: number, event: string, fields: Fields): never {
  const write = (line: string) => process.stderr.write(line);
  createLogger({ level: "error", write, fields: { service: "orders" } }).error(event, fields);
  process.exit(status);
}

function loadConfig(): Config {
  try {
    return readConfig(process.env, packageVersion);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { variable, got, expected } = error;
    return die(EXIT_CONFIG, "invalid_config", { variable, got, expected });
  }
}

/** Node as process 1 has no default action for signals: without these handlers, SIGTERM would do nothing at all. */
function drainOnSignal(service: HttpService, lifecycle: Lifecycle, logger: Logger, limitS: number): void {
  const onSignal = async (signal: NodeJS.Signals): Promise<void> => {
    if (!lifecycle.beginDrain()) {
      logger.info("signal_ignored", { signal, reason: "already draining" });
      return;
    }
    const drained = drain(service, limitS * 1000);
    // Logged once it is true: by now the port refuses connections.
    logger.info("draining", { signal, in_flight: service.inFlight.count, limit_s: limitS });
    const result = await drained;
    if (result.outcome === "cut_off") die(EXIT_FAILURE, "drain_cut_off", { requests: result.requests });
    logger.info("stopped");
    process.exit(EXIT_OK);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, (received) => void onSignal(received));
}

async function listen({ server }: HttpService, { host, port }: Config): Promise<AddressInfo> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    die(EXIT_FAILURE, "cannot_listen", {
      host,
      port,
      error: code,
      message: code === "EADDRINUSE" ? "something else listens there; stop it or set PORT" : String(error),
    });
  }
  return server.address() as AddressInfo;
}

process.on("uncaughtException", (error) => die(EXIT_FAILURE, "crashed", errorFields(error)));

const config = loadConfig();
const logger = createLogger({
  level: config.logLevel,
  write: (line) => process.stdout.write(line),
  fields: { service: "orders", version: config.version },
});
const lifecycle = new Lifecycle();
const routes = [...operationalRoutes(lifecycle, config.version), ...orderRoutes(new MemoryOrderStore())];
const service = createService(routes, lifecycle, logger);

drainOnSignal(service, lifecycle, logger, config.shutdownDrainS);
const { address, port } = await listen(service, config);
lifecycle.becomeReady();
logger.info("listening", { host: address, port, node: process.version });
