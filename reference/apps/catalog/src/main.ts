// The catalog service: puts the parts together.

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import { createHttp, runService } from "@reference-shop/service-kit";
import { Broker } from "@reference-shop/service-kit/broker";
import { migrate } from "@reference-shop/service-kit/migrate";

import { Cache } from "./cache.js";
import { readConfig } from "./config.js";
import { openDatabase } from "./database.js";
import { OrderConsumer } from "./order-consumer.js";
import { ProductStore } from "./product-store.js";
import { productRoutes } from "./routes.js";

const manifest = createRequire(import.meta.url).resolve("#package.json");
const packageVersion: string = createRequire(import.meta.url)(manifest).version;

await runService({
  name: "catalog",
  readConfig: (env) => readConfig(env, packageVersion),
  start: async (config, { logger, isDraining }) => {
    const { databaseUrl, startDeadlineS: deadlineS } = config;
    await migrate({ folder: fileURLToPath(new URL(".", `file://${manifest}`)), databaseUrl, deadlineS, logger });
    const database = openDatabase(databaseUrl);
    await database.$connect();

    const store = new ProductStore(database);
    const cache = new Cache(config.redisUrl, logger);
    const consumer = new OrderConsumer(store, cache, logger);
    const broker = new Broker({ url: config.rabbitmqUrl, logger, onChannel: consumer.attach });
    const postgres = { name: "postgres", essential: true, check: () => database.$queryRaw`SELECT 1` };
    const app = createHttp({ version: config.version, logger, isDraining, dependencies: [postgres, cache, broker] });
    productRoutes(app, store, cache);
    cache.start();
    broker.start();

    return {
      app,
      // What was taken on is finished before the broker is let go, and the database goes last.
      close: async () => {
        await consumer.stop();
        await broker.close();
        cache.close();
        await database.$disconnect();
      },
    };
  },
});
