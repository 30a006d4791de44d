// The HTTP side of a service: time limits, one log line a request, problems in one form, and what the platform asks.

import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";

import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";

import { readiness, type Dependency } from "./readiness.js";

export interface HttpOptions {
  readonly version: string;
  readonly logger: FastifyBaseLogger;
  /** While it says true, /readyz says no and each response ends its connection. */
  readonly isDraining: () => boolean;
  readonly dependencies: readonly Dependency[];
  /** Sent with every answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Answers what no route does, or says undefined for a 404. */
  readonly fallback?: (request: FastifyRequest, reply: FastifyReply) => FastifyReply | undefined;
}

/** Thrown by a route to answer with RFC 9457's `application/problem+json`. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly status: number,
    /** For programs to rely on. */
    readonly code: string,
    /** For people to read; fit for the client. */
    readonly detail: string,
  ) {
    super(detail);
  }
}

/**
 * An Application Load Balancer keeps idle connections for 60 s. Were ours to close first, the balancer could send a
 * request into a closing connection and answer 502. Node wants the three in this order.
 * Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
 */
const TIMEOUTS = {
  keepAliveTimeout: 65_000,
  http: { headersTimeout: 66_000 },
  requestTimeout: 70_000,
} as const;

const BODY_LIMIT_BYTES = 16 * 1024;

/** Ready for routes, then to be listened with. */
export function createHttp({
  version,
  logger,
  isDraining,
  dependencies,
  headers,
  fallback,
}: HttpOptions): FastifyInstance {
  const app = fastify({
    ...TIMEOUTS,
    bodyLimit: BODY_LIMIT_BYTES,
    loggerInstance: logger,
    // One line a request, by the hook below, in place of two.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "request_id" }),
    genReqId: requestIdOf,
    // The drain closes the listener only when nobody asks any more; until then each request is served.
    return503OnClosing: false,
    // A body is taken as it is, or refused: never changed until it fits.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
  });

  app.addHook("onRequest", async (request, reply) => {
    reply.headers({ ...headers, "x-app-version": version, "x-request-id": request.id });
  });
  app.addHook("onSend", async (_request, reply) => {
    // A keep-alive connection ends with the response that it is owed; the client's next request goes elsewhere.
    if (isDraining()) reply.header("connection", "close");
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
  });
  app.addHook("onResponse", async (request, reply) => {
    const level = isProbe(request) ? "debug" : "info";
    const { method, id: request_id } = request;
    const duration_ms = Math.round(reply.elapsedTime);
    logger[level]({ request_id, method, path: pathOf(request), status: reply.statusCode, duration_ms }, "request");
  });

  // Liveness says nothing about dependencies: restarting this process would not bring them back.
  app.get("/healthz", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const found = await readiness(dependencies, isDraining());
    return reply.code(found.status === "ready" ? 200 : 503).send(found);
  });

  app.setNotFoundHandler(
    (request, reply) => fallback?.(request, reply) ?? sendProblem(reply, 404, "not_found", "There is nothing here."),
  );
  app.setErrorHandler((error, request, reply) => {
    if (error instanceof Problem) return sendProblem(reply, error.status, error.code, error.detail);
    const {
      statusCode: status = 500,
      validation,
      message,
    } = error as {
      statusCode?: number;
      validation?: unknown;
      message?: string;
    };
    if (validation) return sendProblem(reply, 400, "invalid_request", message ?? "The request is not valid.");
    if (status >= 400 && status < 500) return sendProblem(reply, status, "bad_request", "The request can't be served.");
    logger.error({ request_id: request.id, err: error }, "request_failed");
    return sendProblem(reply, 500, "internal_error", "Something went wrong on our side.");
  });
  return app;
}

/** RFC 9457. */
export function sendProblem(reply: FastifyReply, status: number, code: string, detail: string): FastifyReply {
  const problem = { type: "about:blank", title: STATUS_CODES[status] ?? "Unknown", status, code, detail };
  return reply.code(status).type("application/problem+json").send(problem);
}

function isProbe(request: FastifyRequest): boolean {
  return request.routeOptions.url === "/healthz" || request.routeOptions.url === "/readyz";
}

/** Without the query, and no longer than a log line can bear. */
function pathOf({ url }: FastifyRequest): string {
  return (url.split("?", 1)[0] ?? "").slice(0, 200);
}

/** The caller's id where it is harmless in a log, so that one id follows a request through all services. */
function requestIdOf({ headers }: { readonly headers: NodeJS.Dict<string | string[]> }): string {
  const given = headers["x-request-id"];
  return typeof given === "string" && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
}
