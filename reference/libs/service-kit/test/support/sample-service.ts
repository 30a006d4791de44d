// The smallest service that there can be, for tests of how a process starts and ends. It says when it lets go of what it
// depends on, and takes as long to answer or to start as it is told.

import { setTimeout as delay } from "node:timers/promises";

import { createHttp, readInteger, readServiceConfig, runService } from "../../src/index.js";

await runService({
  name: "sample",
  readConfig: (env) => ({ ...readServiceConfig(env, "1.0.0"), startMs: readInteger(env, "START_MS", 0, 0, 60_000) }),
  start: async ({ version, startMs }, { logger, isDraining }) => {
    if (process.env["START_FAILS"]) throw new Error("no database within 1 s");
    if (startMs > 0) logger.info("start_began");
    await delay(startMs);
    const app = createHttp({ version, logger, isDraining, dependencies: [] });
    app.get("/fast", async () => ({ took: 0 }));
    app.get<{ Params: { ms: string } }>("/slow/:ms", async (request) => {
      logger.info("slow_began");
      await delay(Number(request.params.ms));
      return { took: request.params.ms };
    });
    return { app, close: async () => logger.info("closed") };
  },
});
