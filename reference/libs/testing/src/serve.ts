// A built service as a process of its own, on a free port.

import type { TestContext } from "node:test";

import { startScript, type RunningProcess } from "./process.js";

export type Environment = Readonly<Record<string, string>>;

export const TEST_VERSION = "9.9.9-test";

/** Begins to start it. For what a service does that does not come up: see `served` for all others. */
export function launch(t: TestContext, main: string, env: Environment): RunningProcess {
  return startScript(t, main, { HOST: "127.0.0.1", PORT: "0", APP_VERSION: TEST_VERSION, ...env });
}

export interface Served extends RunningProcess {
  readonly port: number;
  readonly url: string;
  readonly readyz: () => Promise<{ status: number; dependencies: Readonly<Record<string, string>> }>;
}

/** Where it serves, once it does. */
export async function served(running: RunningProcess): Promise<Served> {
  const port = Number((await running.logLine("listening"))["port"]);
  const url = `http://127.0.0.1:${port}`;
  const readyz = async () => {
    const response = await fetch(`${url}/readyz`);
    const { dependencies } = (await response.json()) as { dependencies: Readonly<Record<string, string>> };
    return { status: response.status, dependencies };
  };
  return { ...running, port, url, readyz };
}
