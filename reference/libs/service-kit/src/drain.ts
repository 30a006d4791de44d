// How a server ends without failing a request.

import type { Server } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

/** Asked by the platform and the balancer for as long as the process lives, whether or not it gets traffic. */
const PROBES = new Set<string | undefined>(["/healthz", "/readyz"]);

/** What a drain waits for: the requests that have arrived and are not answered yet, and whether more come. */
export class Traffic {
  #inFlight = 0;
  #arrived = 0;

  constructor(server: Server) {
    server.on("request", (request, response) => {
      this.#inFlight += 1;
      if (!PROBES.has(request.url)) this.#arrived += 1;
      // A response closes once it was handed to the kernel in full, or its connection broke.
      response.once("close", () => {
        this.#inFlight -= 1;
      });
    });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** How many have come so far; probes don't count. */
  get arrived(): number {
    return this.#arrived;
  }
}

const POLL_MS = 20;
/**
 * Nobody has asked for half a second: whoever routes to this process has stopped doing so. Counted in looks and not by the
 * clock, because each look follows a turn of the event loop: after a stall, what waits on the sockets is read first.
 */
const QUIET_POLLS = 25;

/**
 * Serves on, closing each connection with its next response, until nobody asks any more; then closes the listener.
 * The caller has turned readiness red before. Returns how many requests were cut off by the limit.
 *
 * ECS takes a task out of its target group before it sends SIGTERM, so there the quiet comes at once.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
 */
export async function drain(server: Server, traffic: Traffic, limitMs: number): Promise<number> {
  const begun = performance.now();
  const past = (ms: number): boolean => performance.now() - begun >= ms;

  // Half of the time for callers that don't stop, so that the other half is left for what they sent last.
  for (let quiet = 0; quiet < QUIET_POLLS && !past(limitMs / 2); ) {
    const { arrived } = traffic;
    await delay(POLL_MS);
    quiet = traffic.arrived === arrived ? quiet + 1 : 0;
  }
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();

  while (!past(limitMs) && traffic.inFlight > 0) await delay(POLL_MS);
  const cutOff = traffic.inFlight;
  // Without this, a connection that was opened ahead of use would hold the process until headersTimeout.
  server.closeAllConnections();
  await closed;
  return cutOff;
}
