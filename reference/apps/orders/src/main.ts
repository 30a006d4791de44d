// The orders service: puts the parts together.

import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import { SHOP_EXCHANGE } from "@reference-shop/contracts";
import { createHttp, readBackEndConfig, runService } from "@reference-shop/service-kit";
import { Broker } from "@reference-shop/service-kit/broker";
import { migrate } from "@reference-shop/service-kit/migrate";

import { openDatabase } from "./database.js";
import { OrderStore } from "./order-store.js";
import { OutboxRelay } from "./outbox-relay.js";
import { orderRoutes } from "./routes.js";

/** Answered before the port opens: they compile what the first requests from outside would have to wait for. */
const WARM_UP_REQUESTS = 40;

const manifest = createRequire(import.meta.url).resolve("#package.json");
const packageVersion: string = createRequire(import.meta.url)(manifest).version;

await runService({
  name: "orders",
  readConfig: (env) => readBackEndConfig(env, packageVersion),
  start: async (config, { logger, isDraining }) => {
    const { databaseUrl, startDeadlineS: deadlineS } = config;
    await migrate({ folder: fileURLToPath(new URL(".", `file://${manifest}`)), databaseUrl, deadlineS, logger });
    const database = openDatabase(databaseUrl);
    await database.$connect();

    const broker = new Broker({
      url: config.rabbitmqUrl,
      logger,
      onChannel: async (channel) => {
        await channel.assertExchange(SHOP_EXCHANGE, "topic", { durable: true });
      },
    });
    const relay = new OutboxRelay(database, broker, logger);
    const postgres = { name: "postgres", essential: true, check: () => database.$queryRaw`SELECT 1` };
    const app = createHttp({ version: config.version, logger, isDraining, dependencies: [postgres, broker] });
    orderRoutes(app, new OrderStore(database), () => relay.wake());
    broker.start();
    relay.start();
    // A line each would hide the start's own.
    const { level } = logger;
    logger.level = "warn";
    for (let n = 0; n < WARM_UP_REQUESTS; n += 1) await app.inject(`/api/orders/${randomUUID()}`);
    logger.level = level;
    logger.info({ requests: WARM_UP_REQUESTS }, "warmed_up");

    return {
      app,
      // What the last request left is published before the broker is let go, and the database goes last.
      close: async () => {
        await relay.stop();
        await broker.close();
        await database.$disconnect();
      },
    };
  },
});
