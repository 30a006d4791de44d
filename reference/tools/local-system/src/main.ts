// The whole shop on this machine, until it is told to end, or until a command that needs it has ended.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { commandOf } from "./command.js";

const READY_WITHIN_MS = 60_000;

const children: ChildProcess[] = [];
let ending = false;

const env = (variable: string, fallback: string): string => process.env[variable] || fallback;
const built = (path: string): string => fileURLToPath(new URL(`../../../${path}/dist/main.js`, import.meta.url));

/** Starts a part of the shop, and returns its address once it listens. Its log goes on to ours. */
async function start(path: string, settings: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, [built(path)], {
    env: { HOST: "127.0.0.1", PORT: "0", ...settings },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => {
      if (!ending) reject(new Error(`${path} ended with ${code}; has it been built, and are its servers there?`));
    });
    createInterface(child.stdout).on("line", (line) => {
      process.stdout.write(`${line}\n`);
      if (!line.includes('"event":"listening"')) return;
      const { address, port } = JSON.parse(line) as { address?: string; port?: number };
      resolve(address ?? `http://127.0.0.1:${port}`);
    });
  });
}

async function ready(address: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const response = await fetch(`${address}/readyz`);
    if (response.ok) return;
    if (performance.now() > deadline) throw new Error(`${address} is not ready: ${await response.text()}`);
    await delay(100);
  }
}

async function end(): Promise<void> {
  ending = true;
  const alive = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  const gone = alive.map((child) => once(child, "exit"));
  for (const child of alive) child.kill("SIGTERM");
  await Promise.all(gone);
}

async function main(command: readonly string[]): Promise<number> {
  const broker = { RABBITMQ_URL: env("RABBITMQ_URL", "amqp://shop:local@127.0.0.1:56721") };
  const [orders, catalog, web] = await Promise.all([
    start("apps/orders", {
      ...broker,
      DATABASE_URL: env("ORDERS_DATABASE_URL", "postgresql://shop:local@127.0.0.1:54321/shop"),
    }),
    start("apps/catalog", {
      ...broker,
      DATABASE_URL: env("CATALOG_DATABASE_URL", "postgresql://shop:local@127.0.0.1:54322/shop"),
      REDIS_URL: env("REDIS_URL", "redis://127.0.0.1:63791"),
    }),
    start("apps/web", {}),
  ]);
  await Promise.all([orders, catalog, web].map(ready));
  const shop = await start("tools/local-balancer", {
    PORT: command.length > 0 ? "0" : env("PORT", "8080"),
    ORDERS_URL: orders,
    CATALOG_URL: catalog,
    WEB_URL: web,
  });
  const [program, ...rest] = command;
  if (program === undefined) {
    process.stdout.write(`The shop is at ${shop}; Ctrl-C ends it.\n`);
    await Promise.race((["SIGINT", "SIGTERM"] as const).map((signal) => once(process, signal)));
    return 0;
  }
  const child = spawn(program, rest, { env: { ...process.env, BASE_URL: shop }, stdio: "inherit" });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}

try {
  process.exitCode = await main(commandOf(process.argv));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await end();
}
