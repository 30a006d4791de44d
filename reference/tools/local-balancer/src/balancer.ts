// Routes by path as production's balancer does, to services on this machine.

import httpProxy from "@fastify/http-proxy";
import fastify, { LogController, type FastifyInstance } from "fastify";

export interface Upstreams {
  readonly orders: string;
  readonly catalog: string;
  readonly web: string;
}

/** How long an Application Load Balancer waits for an answer, by default. */
const TIMEOUT_MS = 60_000;

/** Ready to be listened with. */
export async function createBalancer(upstreams: Upstreams): Promise<FastifyInstance> {
  const app = fastify({
    logger: { level: "warn" },
    logController: new LogController({ disableRequestLogging: true }),
  });
  const routes = [
    ["/api/orders", upstreams.orders],
    ["/api/products", upstreams.catalog],
    ["/", upstreams.web],
  ] as const;
  for (const [prefix, upstream] of routes) {
    await app.register(httpProxy, {
      upstream,
      prefix,
      // The services know the whole path.
      rewritePrefix: prefix,
      undici: { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS },
      // A retry would hide from the caller what the service did.
      retryMethods: [],
      maxRetriesOn503: 0,
      replyOptions: {
        onError: (reply, { error }) => {
          const { code, message } = error as Error & { code?: string };
          const status = code?.includes("TIMEOUT") === true ? 504 : 502;
          app.log.warn({ upstream, code, reason: message, status }, "upstream_failed");
          void reply.code(status).type("text/plain").send(`${status} from the balancer\n`);
        },
      },
    });
  }
  return app;
}
