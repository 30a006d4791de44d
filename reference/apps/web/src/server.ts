// Serves the static files of the shell and the micro-frontends, and answers what the platform asks.

import { randomUUID } from "node:crypto";
import { access, constants } from "node:fs/promises";
import { STATUS_CODES } from "node:http";
import { join } from "node:path";

import fastifyStatic from "@fastify/static";
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";

export interface WebOptions {
  /** Absolute path of the folder that is served. */
  readonly publicDir: string;
  readonly version: string;
  readonly logger: FastifyBaseLogger;
  /** While it says true, /readyz says no and each response ends its connection. */
  readonly isDraining: () => boolean;
}

/** Served once each of these can be read. */
const PARTS = {
  shell: "index.html",
  catalog: "mfe/catalog/manifest.json",
  cart: "mfe/cart/manifest.json",
} as const;

/**
 * Everything comes from this one origin, and nothing is inline. Each micro-frontend brings a lit of its own, hence the
 * duplicates of its policy.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types lit-html 'allow-duplicates'",
].join("; ");

const SECURITY_HEADERS = {
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  "referrer-policy": "no-referrer",
  // Browsers heed it over HTTPS only, which ends at the balancer.
  "strict-transport-security": "max-age=31536000; includeSubDomains",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

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

const FOR_EVER = "public, max-age=31536000, immutable";
/** Asked for with each use: what a release changes under the same name. */
const ASK_FIRST = "no-cache";

/** Vite puts the hash of the content into the names below assets/. */
const HASHED = /\/assets\/[^/]+-[A-Za-z0-9_-]{8}\.[a-z0-9]+(?:\.gz)?$/;

/** Ready to be listened with. */
export async function createWeb({ publicDir, version, logger, isDraining }: WebOptions): Promise<FastifyInstance> {
  const app = fastify({
    ...TIMEOUTS,
    loggerInstance: logger,
    // One line a request, by the hook below, in place of two.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "request_id" }),
    genReqId: requestIdOf,
    // The drain closes the listener only when nobody asks any more; until then each request is served.
    return503OnClosing: false,
  });

  app.addHook("onRequest", async (request, reply) => {
    reply.headers({ ...SECURITY_HEADERS, "x-app-version": version, "x-request-id": request.id });
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

  // Liveness says nothing about the files: restarting this process would not bring them.
  app.get("/healthz", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const dependencies = await readParts(publicDir);
    const missing = Object.values(dependencies).includes("missing");
    const status = isDraining() ? "draining" : missing ? "unready" : "ready";
    return reply.code(status === "ready" ? 200 : 503).send({ status, dependencies });
  });

  await app.register(fastifyStatic, {
    root: publicDir,
    // By this server's own rules below.
    cacheControl: false,
    // Made of size and time, and in an image all times are one: the index.html of two releases, which differ in a hash,
    // would pass for the same, and browsers would stay with the old one. What is not hashed is small: it is sent anew.
    etag: false,
    lastModified: false,
    preCompressed: true,
    redirect: false,
    dotfiles: "ignore",
    setHeaders: (response, path) => {
      response.setHeader("cache-control", HASHED.test(path) ? FOR_EVER : ASK_FIRST);
      // So that a cache in between keeps the compressed and the plain answer apart.
      response.setHeader("vary", "accept-encoding");
    },
  });

  app.setNotFoundHandler((request, reply) => {
    if (isPageRequest(request)) return reply.sendFile(PARTS.shell);
    return sendProblem(reply, 404, "not_found", "There is nothing here.");
  });
  app.setErrorHandler((error: { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 400 && status < 500) return sendProblem(reply, status, "bad_request", "The request can't be served.");
    logger.error({ request_id: request.id, err: error }, "request_failed");
    return sendProblem(reply, 500, "internal_error", "Something went wrong on our side.");
  });
  return app;
}

async function readParts(publicDir: string): Promise<Readonly<Record<string, "ok" | "missing">>> {
  const states = Object.entries(PARTS).map(async ([name, file]) => {
    const readable = await access(join(publicDir, file), constants.R_OK).then(
      () => true,
      () => false,
    );
    return [name, readable ? "ok" : "missing"] as const;
  });
  return Object.fromEntries(await Promise.all(states));
}

/** Where the shell's index.html stands for any page of the app; a file that is not there stays not there. */
function isPageRequest(request: FastifyRequest): boolean {
  const path = pathOf(request);
  if (request.method !== "GET" && request.method !== "HEAD") return false;
  if (/^\/(?:api|assets|mfe)(?:\/|$)/.test(path) || /\.[^/]*$/.test(path)) return false;
  return request.headers.accept?.includes("text/html") ?? false;
}

/** RFC 9457. */
function sendProblem(reply: FastifyReply, status: number, code: string, detail: string): FastifyReply {
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
