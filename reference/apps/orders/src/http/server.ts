// From a socket to a handler and back: timeouts, request ids, the request log, and one answer whatever happens.

import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";

import type { Lifecycle } from "../lifecycle.js";
import { errorFields, type Fields, type Logger } from "../log.js";
import { InFlight } from "./in-flight.js";
import { readJson, RequestAborted } from "./json-body.js";
import { HttpProblem, problemReply } from "./problem.js";
import { send, type Reply } from "./reply.js";
import { findRoute, type Route } from "./router.js";

export interface HttpService {
  readonly server: Server;
  readonly inFlight: InFlight;
}

/**
 * An Application Load Balancer keeps idle connections for 60 s. Were ours to close first, the balancer could send a
 * request into a closing connection and answer 502. Node wants the three in this order.
 * Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
 */
export const TIMEOUTS = {
  keepAliveTimeout: 65_000,
  headersTimeout: 66_000,
  requestTimeout: 70_000,
} as const satisfies ServerOptions;

export function createService(routes: readonly Route[], lifecycle: Lifecycle, logger: Logger): HttpService {
  const inFlight = new InFlight();
  const server = createServer(TIMEOUTS, (request, response) => {
    inFlight.track(response);
    void answer(request, response);
  });
  return { server, inFlight };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    const requestId = requestIdOf(request);
    const log = logger.with({ request_id: requestId });
    const method = request.method ?? "";
    // Not `new URL`: a target like //host/path would be read as a host.
    const [path = "", query = ""] = (request.url ?? "").split("?", 2);

    let probe = false;
    let fields: Fields = { method, path: path.slice(0, 200) };
    response.setHeader("x-request-id", requestId);
    response.once("close", () => {
      const took = { duration_ms: Math.round(performance.now() - started) };
      if (!response.writableFinished) log.info("request_aborted", { ...fields, ...took });
      else log[probe ? "debug" : "info"]("request", { ...fields, status: response.statusCode, ...took });
    });

    let reply: Reply;
    try {
      const { route, id } = findRoute(routes, method, path);
      probe = route.probe ?? false;
      fields = { ...fields, route: route.path };
      reply = await route.handle({
        headers: request.headers,
        query: new URLSearchParams(query),
        id,
        readJson: (limitBytes) => readJson(request, limitBytes),
      });
    } catch (error) {
      if (error instanceof RequestAborted) return;
      const problem = toProblem(error, log);
      fields = { ...fields, problem: problem.code };
      reply = problemReply(problem);
    }
    // A keep-alive connection ends with the response that it is owed; the client's next request goes elsewhere.
    if (lifecycle.phase === "draining") response.setHeader("connection", "close");
    send(response, reply);
  }
}

function toProblem(error: unknown, log: Logger): HttpProblem {
  if (error instanceof HttpProblem) return error;
  log.error("request_failed", errorFields(error));
  return new HttpProblem(500, "internal_error", "Something went wrong on our side.");
}

/** The caller's id where it is harmless in a log, so that one id follows a request through all services. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
}
