// Requests that go on while a service is told to end.

import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request, type IncomingMessage } from "node:http";

import type { RunningProcess } from "./process.js";

export interface Load {
  readonly port: number;
  readonly path: string;
  /** Kept from one request to the next, a fresh one each time, or half of each. */
  readonly connections: "kept" | "fresh" | "both";
}

const REQUESTS = 1_000;
const CLIENTS = 20;

/**
 * Asks 1,000 times, 20 at a time, and sends SIGTERM when 400 of them are on their way or answered. Requests that fail in any
 * way fail the test; so does a process that stopped serving too soon for the drain to have mattered.
 */
export async function requestsDuringSigterm(
  { child, exit }: RunningProcess,
  { port, path, connections }: Load,
): Promise<void> {
  const kept = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const statuses: (number | undefined)[] = [];
  let left = REQUESTS;
  const client = async (keeps: boolean): Promise<void> => {
    const agent = keeps ? kept : false;
    while (left > 0) {
      left -= 1;
      if (left === 600) child.kill("SIGTERM");
      const sent = request({ host: "127.0.0.1", port, path, agent }).end();
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      response.resume();
      await once(response, "end");
      statuses.push(response.statusCode);
    }
  };
  try {
    const keeps = (index: number): boolean => connections === "kept" || (connections === "both" && index % 2 === 0);
    await Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(keeps(index))));
  } finally {
    kept.destroy();
  }
  assert.deepEqual([statuses.length, ...new Set(statuses)], [REQUESTS, 200]);
  const events = (await exit).stdout.split("\n").map((line) => (JSON.parse(line) as { event: string }).event);
  const late = events.slice(events.indexOf("draining")).filter((event) => event === "request");
  assert.ok(late.length > 100, `expected most requests in the drain, got ${late.length}`);
}
