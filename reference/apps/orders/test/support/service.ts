// A real server on a free port of 127.0.0.1, for one test.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

import { createService, type HttpService } from "../../src/http/server.js";
import type { Route } from "../../src/http/router.js";
import { Lifecycle } from "../../src/lifecycle.js";
import { createLogger } from "../../src/log.js";

export interface RunningService extends HttpService {
  readonly url: string;
  readonly port: number;
  readonly lifecycle: Lifecycle;
  /** Everything that was logged so far, all levels. */
  readonly logged: () => Record<string, unknown>[];
}

/** Closed again when the test ends. */
export async function startService(
  t: TestContext,
  routes: readonly Route[] | ((lifecycle: Lifecycle) => readonly Route[]),
): Promise<RunningService> {
  const lines: string[] = [];
  const logger = createLogger({ level: "debug", write: (line) => lines.push(line) });
  const lifecycle = new Lifecycle();
  const service = createService(typeof routes === "function" ? routes(lifecycle) : routes, lifecycle, logger);
  service.server.listen(0, "127.0.0.1");
  await once(service.server, "listening");
  t.after(() => {
    service.server.close();
    service.server.closeAllConnections();
  });
  const { port } = service.server.address() as AddressInfo;
  return {
    ...service,
    port,
    url: `http://127.0.0.1:${port}`,
    lifecycle,
    logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}
