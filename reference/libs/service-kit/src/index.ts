// What every service of the shop needs, so that each behaves alike: settings, logs, HTTP, readiness, and an end that fails
// no request. A service brings its routes and its dependencies.

export {
  type BackEndConfig,
  ConfigError,
  readBackEndConfig,
  readInteger,
  readPort,
  readServiceConfig,
  readUrl,
  type Environment,
  type ServiceConfig,
} from "./config.js";
export { poolOptions, transactionOptions } from "./database.js";
export { readiness, type Dependency, type Readiness } from "./readiness.js";
export { createHttp, Problem, sendProblem, type HttpOptions } from "./http.js";
export { errorLine } from "./log.js";
export { runService, type Running, type Surroundings } from "./service.js";
