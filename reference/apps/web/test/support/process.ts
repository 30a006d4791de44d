// The compiled server, or its health probe, as a process of its own.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

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
}

/** Starts a script of `src` with this environment and no other. Killed when the test ends, if it still runs. */
export function startScript(t: TestContext, script: string, env: Record<string, string>): RunningProcess {
  const path = fileURLToPath(new URL(`../../src/${script}`, import.meta.url));
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

  return { child, exit, logLine };
}
