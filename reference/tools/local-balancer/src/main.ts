// Starts the balancer with the addresses that the environment gives.

import { createBalancer } from "./balancer.js";

function read(variable: string, fallback: string, pattern: RegExp, expected: string): string {
  const text = process.env[variable] || fallback;
  if (pattern.test(text)) return text;
  process.stderr.write(`${variable}: got ${JSON.stringify(text)}, expected ${expected}\n`);
  process.exit(1);
}

const service = (variable: string, fallback: string): string =>
  read(variable, fallback, /^http:\/\/[^/]+$/, "http://HOST:PORT");

const upstreams = {
  orders: service("ORDERS_URL", "http://127.0.0.1:3001"),
  catalog: service("CATALOG_URL", "http://127.0.0.1:3002"),
  web: service("WEB_URL", "http://127.0.0.1:3003"),
};
const port = Number(read("PORT", "8080", /^\d{1,5}$/, "a port"));

const balancer = await createBalancer(upstreams);
// Never another address: there is no TLS here, and nothing that keeps strangers out.
const address = await balancer.listen({ host: "127.0.0.1", port });
process.stdout.write(`${JSON.stringify({ event: "listening", address, ...upstreams })}\n`);

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void balancer.close());
