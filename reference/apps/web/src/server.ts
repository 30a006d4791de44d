// Serves the static files of the shell and the micro-frontends, and answers what the platform asks.

import { access, constants } from "node:fs/promises";
import { join } from "node:path";

import fastifyStatic from "@fastify/static";
import { createHttp } from "@reference-shop/service-kit";
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from "fastify";

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

const FOR_EVER = "public, max-age=31536000, immutable";
/** Asked for with each use: what a release changes under the same name. */
const ASK_FIRST = "no-cache";

/** Vite puts the hash of the content into the names below assets/. */
const HASHED = /\/assets\/[^/]+-[A-Za-z0-9_-]{8}\.[a-z0-9]+(?:\.gz)?$/;

/** Ready to be listened with. */
export async function createWeb({ publicDir, version, logger, isDraining }: WebOptions): Promise<FastifyInstance> {
  const parts = Object.entries(PARTS).map(([name, file]) => ({
    name,
    essential: true,
    check: () => access(join(publicDir, file), constants.R_OK),
  }));
  const app = createHttp({
    version,
    logger,
    isDraining,
    dependencies: parts,
    headers: SECURITY_HEADERS,
    fallback: (request, reply) => (isPageRequest(request) ? reply.sendFile(PARTS.shell) : undefined),
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

  return app;
}

/** Where the shell's index.html stands for any page of the app; a file that is not there stays not there. */
function isPageRequest(request: FastifyRequest): boolean {
  const path = request.url.split("?", 1)[0] ?? "";
  if (request.method !== "GET" && request.method !== "HEAD") return false;
  if (/^\/(?:api|assets|mfe)(?:\/|$)/.test(path) || /\.[^/]*$/.test(path)) return false;
  return request.headers.accept?.includes("text/html") ?? false;
}
