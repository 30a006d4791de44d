// Ends the service without failing a request.
//
// ECS takes a task out of its target group, waits for the deregistration delay, and only then sends SIGTERM: no new
// connections are due, so the listener closes at once.
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html

import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";

import type { HttpService } from "./http/server.js";

export type DrainOutcome =
  /** Every request was answered. */
  | { readonly outcome: "drained" }
  /** The limit passed first. */
  | { readonly outcome: "cut_off"; readonly requests: number };

/**
 * Stops accepting, lets the requests in flight finish, then closes what is left. The caller has set the lifecycle to
 * draining before, so that each of those responses closes its connection.
 */
export async function drain({ server, inFlight }: HttpService, limitMs: number): Promise<DrainOutcome> {
  // Calls back with an error where the server never listened; it is closed in any case.
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();

  // Requests that were on the socket when the signal came are parsed within this turn of the event loop.
  await nextTurn();

  const limit = new AbortController();
  await Promise.race([inFlight.none(), delay(limitMs, undefined, { signal: limit.signal }).catch(() => {})]);
  limit.abort();

  const requests = inFlight.count;
  // Without this, a connection that was opened ahead of use would hold the process until headersTimeout.
  server.closeAllConnections();
  await closed;
  return requests === 0 ? { outcome: "drained" } : { outcome: "cut_off", requests };
}
