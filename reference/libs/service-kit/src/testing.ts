// For tests: a compiled script as a process of its own, and requests that go on while it is told to end.

import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Agent, request, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProcess {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  /** The first log line with this event, past or to come. Fails where the process ends without it. */
  readonly logLine: (event: string) => Promise<Record<string, unknown>>;
  /** All lines of standard output so far. */
  readonly lines: readonly string[];
}

/** Starts a script with this environment and no other. Killed when the test ends, if it still runs. */
export function startScript(t: TestContext, path: string, env: Record<string, string>): RunningProcess {
  const child = spawn(process.execPath, [path], { env, stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));

  const stdout: string[] = [];
  const stderr: string[] = [];
  const onLine = new Set<() => void>();
  createInterface(child.stdout).on("line", (line) => {
    stdout.push(line);
    for (const notify of onLine) notify();
  });
  createInterface(child.stderr).on("line", (line) => stderr.push(line));

  const exit = once(child, "close").then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout: stdout.join("\n"),
    stderr: stderr.join("\n"),
  }));

  const logLine = (event: string): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = stdout.find((line) => line.includes(`"event":"${event}"`));
        if (found === undefined) return;
        onLine.delete(look);
        resolve(JSON.parse(found) as Record<string, unknown>);
      };
      onLine.add(look);
      look();
      void exit.then((end) => reject(new Error(`ended without ${event}: ${JSON.stringify(end)}`)));
    });

  return { child, exit, logLine, lines: stdout };
}

export interface Load {
  readonly port: number;
  readonly path: string;
  /** Kept from one request to the next, or a fresh one each time. */
  readonly connections: "kept" | "fresh";
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
  const agent = connections === "kept" && new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const statuses: (number | undefined)[] = [];
  let left = REQUESTS;
  const client = async (): Promise<void> => {
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
    await Promise.all(Array.from({ length: CLIENTS }, client));
  } finally {
    if (agent) agent.destroy();
  }
  assert.deepEqual([statuses.length, ...new Set(statuses)], [REQUESTS, 200]);
  const events = (await exit).stdout.split("\n").map((line) => (JSON.parse(line) as { event: string }).event);
  const late = events.slice(events.indexOf("draining")).filter((event) => event === "request");
  assert.ok(late.length > 100, `expected most requests in the drain, got ${late.length}`);
}
