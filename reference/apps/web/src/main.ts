// The web service: puts the parts together, and answers for how the process starts and ends.

import { once } from "node:events";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

import { pino } from "pino";

import { ConfigError, drain, readConfig, Traffic, type Config } from "./lifecycle.js";
import { createWeb } from "./server.js";

const packageVersion: string = createRequire(import.meta.url)("#package.json").version;

/** One JSON object a line, `event` a fixed word to search and alarm on. */
const lineShape = {
  base: { service: "web" },
  messageKey: "event",
  timestamp: () => `,"time":"${new Date().toISOString()}"`,
  formatters: { level: (level: string) => ({ level }) },
} as const;

/** Ends the process with one line on standard error, written before it is gone. */
function die(event: string, fields: object): never {
  pino(lineShape, pino.destination({ dest: 2, sync: true })).error(fields, event);
  process.exit(1);
}

function loadConfig(): Config {
  try {
    return readConfig(process.env, packageVersion);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { variable, got, expected } = error;
    return die("invalid_config", { variable, got, expected });
  }
}

process.on("uncaughtException", (err) => die("crashed", { err }));

const config = loadConfig();
const logger = pino(
  { ...lineShape, level: config.logLevel, base: { service: "web", version: config.version } },
  pino.destination({ dest: 1, sync: true }),
);

let draining = false;
const web = await createWeb({
  // Beside this file, in the image as in the workspace.
  publicDir: fileURLToPath(new URL("public", import.meta.url)),
  version: config.version,
  logger,
  isDraining: () => draining,
});
const traffic = new Traffic(web.server);

async function onSignal(signal: NodeJS.Signals): Promise<void> {
  if (draining) {
    logger.info({ signal, reason: "already draining" }, "signal_ignored");
    return;
  }
  draining = true;
  logger.info({ signal, in_flight: traffic.inFlight, limit_s: config.shutdownDrainS }, "draining");
  const requests = await drain(web.server, traffic, config.shutdownDrainS * 1_000);
  if (requests > 0) die("drain_cut_off", { requests });
  logger.info("stopped");
  process.exit(0);
}

// Node as process 1 has no default action for signals: without these handlers, SIGTERM would do nothing at all.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, (received) => void onSignal(received));

try {
  await web.ready();
  web.server.listen(config.port, config.host);
  await once(web.server, "listening");
} catch (error) {
  const code = (error as NodeJS.ErrnoException).code ?? "unknown";
  const message = code === "EADDRINUSE" ? "something else listens there; stop it or set PORT" : String(error);
  die("cannot_listen", { host: config.host, port: config.port, error: code, message });
}
const { address, port } = web.server.address() as AddressInfo;
logger.info({ host: address, port, node: process.version }, "listening");
