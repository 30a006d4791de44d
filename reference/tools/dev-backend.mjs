// Starts the built back ends beside the servers of compose.yaml, on the ports where tools/local-balancer looks for them. What is
// set in the environment goes before what is set here. Ends when one of them ends, or at a signal.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const RABBITMQ_URL = "amqp://shop:local@127.0.0.1:56721";

const SERVICES = {
  orders: {
    PORT: process.env.ORDERS_PORT || "3001",
    DATABASE_URL: process.env.ORDERS_DATABASE_URL || "postgresql://shop:local@127.0.0.1:54321/shop",
  },
  catalog: {
    PORT: process.env.CATALOG_PORT || "3002",
    DATABASE_URL: process.env.CATALOG_DATABASE_URL || "postgresql://shop:local@127.0.0.1:54322/shop",
    REDIS_URL: process.env.REDIS_URL || "redis://127.0.0.1:63791",
  },
};

const children = Object.entries(SERVICES).map(([name, settings]) =>
  spawn(process.execPath, [fileURLToPath(new URL(`../apps/${name}/dist/main.js`, import.meta.url))], {
    env: { HOST: "127.0.0.1", RABBITMQ_URL, SHUTDOWN_DRAIN_S: "5", ...process.env, ...settings },
    stdio: "inherit",
    // Of its own process group: at Ctrl-C the signal below is the only one that it gets.
    detached: true,
  }),
);

const end = () => {
  for (const child of children) child.kill("SIGTERM");
};
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, end);

const ends = children.map(async (child) => {
  const [code] = await once(child, "exit");
  end();
  return code ?? 1;
});
process.exitCode = Math.max(...(await Promise.all(ends)));
