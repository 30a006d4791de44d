// The service as the platform sees it: how it starts, with what is there and what is not, and how it ends.

import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import {
  eventually,
  openLine,
  requestsDuringSigterm,
  startScript,
  throwawayDatabase,
  type Exit,
} from "@reference-shop/testing";

import { launchOrders, MAIN, RABBITMQ_URL, served, startOrders } from "./support/orders.js";

const PACKAGE = dirname(dirname(MAIN));
const NOWHERE = "postgresql://shop:hunter2@127.0.0.1:1/orders";

/** The one line that a process leaves when it does not come up, and proof that it never listened. */
function lastWords({ code, stdout, stderr }: Exit): Record<string, unknown> {
  assert.equal(code, 1, stderr);
  assert.doesNotMatch(stdout, /"event":"listening"/);
  assert.equal(stderr.split("\n").length, 1, stderr);
  assert.doesNotMatch(stderr, /hunter2/);
  return JSON.parse(stderr) as Record<string, unknown>;
}

for (const [variable, value] of [
  ["DATABASE_URL", ""],
  ["DATABASE_URL", "mysql://shop:hunter2@db/orders"],
  ["RABBITMQ_URL", ""],
  ["RABBITMQ_URL", "http://shop:hunter2@mq"],
  ["START_DEADLINE_S", "soon"],
  ["SHUTDOWN_DRAIN_S", "0"],
] as const) {
  test(`${variable}=${value || "(nothing)"} is an exit 1 with one line that names it, before anything is opened`, async (t) => {
    const line = lastWords(await launchOrders(t, { DATABASE_URL: NOWHERE, RABBITMQ_URL, [variable]: value }).exit);
    assert.deepEqual([line["event"], line["variable"]], ["invalid_config", variable]);
  });
}

test("without a database it gives up after its deadline, with one line", async (t) => {
  const begun = performance.now();
  const { exit } = launchOrders(t, { DATABASE_URL: NOWHERE, RABBITMQ_URL, START_DEADLINE_S: "2" });
  const line = lastWords(await exit);
  assert.equal(line["event"], "start_failed");
  assert.match(String(line["reason"]), /^no database within 2 s: /);
  assert.ok(performance.now() - begun >= 2_000, "it tried again in the meantime");
});

test("with a database that takes connections and never answers it gives up, too", async (t) => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  t.after(() => silent.close());
  const url = `postgresql://127.0.0.1:${(silent.address() as AddressInfo).port}/orders`;
  const { exit } = launchOrders(t, { DATABASE_URL: url, RABBITMQ_URL, START_DEADLINE_S: "1" });
  assert.match(String(lastWords(await exit)["reason"]), /^no database within 1 s: /);
});

test("a database that comes late is waited for", async (t) => {
  const database = await throwawayDatabase(t);
  const line = await openLine(t, database.url);
  await line.cut();
  const running = launchOrders(t, { DATABASE_URL: line.url, RABBITMQ_URL });
  await delay(2_500);
  await line.mend();
  const { url } = await served(running);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
});

test("a database that goes away turns readiness red and liveness not, and is found again", async (t) => {
  const database = await throwawayDatabase(t);
  const line = await openLine(t, database.url);
  const { url, readyz, post } = await served(launchOrders(t, { DATABASE_URL: line.url, RABBITMQ_URL }));
  await eventually(async () => assert.equal((await readyz()).status, 200));

  await line.cut();
  const { status, dependencies } = await readyz();
  assert.deepEqual([status, dependencies["postgres"], dependencies["rabbitmq"]], [503, "unavailable", "ok"]);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  assert.equal((await post("lost-1")).status, 500);

  await line.mend();
  await eventually(async () => assert.equal((await readyz()).status, 200));
  assert.equal((await post("lost-1")).status, 201);
});

test("without a broker it serves, says what is missing, and recovers by itself", async (t) => {
  const line = await openLine(t, RABBITMQ_URL);
  await line.cut();
  const { url, readyz, post } = await startOrders(t, { RABBITMQ_URL: line.url });
  const { status, dependencies } = await readyz();
  assert.deepEqual([status, dependencies["postgres"], dependencies["rabbitmq"]], [503, "ok", "unavailable"]);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  assert.equal((await post("alone-1")).status, 201);
  await line.mend();
  await eventually(async () => assert.equal((await readyz()).status, 200));
});

test("four replicas that start at once on an empty database all come up, and each migration runs once", async (t) => {
  const database = await throwawayDatabase(t);
  const env = { DATABASE_URL: database.url, RABBITMQ_URL };
  const replicas = await Promise.all(Array.from({ length: 4 }, () => served(launchOrders(t, env))));
  for (const { post } of replicas) assert.ok([200, 201].includes((await post("everywhere")).status));

  const folders = (await readdir(join(PACKAGE, "prisma/migrations"))).filter((name) => /^\d{14}_/.test(name)).sort();
  const applied = await database.query<{ migration_name: string; steps: number; done: boolean }>(
    `SELECT migration_name, applied_steps_count AS steps, finished_at IS NOT NULL AND rolled_back_at IS NULL AS done
     FROM _prisma_migrations ORDER BY started_at`,
  );
  assert.ok(folders.length >= 4);
  assert.deepEqual(
    applied,
    folders.map((migration_name) => ({ migration_name, steps: 1, done: true })),
  );
  // By the logs as well: of the four, each migration was applied by one.
  const logged = replicas.flatMap(({ lines }) =>
    lines.filter((line) => line.includes('"event":"migrated"')).flatMap((line) => JSON.parse(line).applied as string[]),
  );
  assert.deepEqual(logged.sort(), folders);
});

test("a replica waits for its turn where another holds the lock for longer than Prisma waits", async (t) => {
  const database = await throwawayDatabase(t);
  // Of Prisma's schema engine; it gives up after 10 s.
  const held = database.query("SELECT pg_advisory_lock(72707369), pg_sleep(11)");
  const { url } = await served(launchOrders(t, { DATABASE_URL: database.url, RABBITMQ_URL }));
  await held;
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
});

/** A copy of the built package with one more migration. In this package's folder, where its dependencies are found. */
async function withMigration(t: TestContext, sql: string): Promise<string> {
  const copy = await mkdtemp(join(PACKAGE, "dist-test/copy-"));
  t.after(() => rm(copy, { recursive: true }));
  for (const part of ["package.json", "prisma.config.mjs", "prisma", "dist"]) {
    await cp(join(PACKAGE, part), join(copy, part), { recursive: true });
  }
  const folder = join(copy, "prisma/migrations/29990101000000_broken");
  await mkdir(folder);
  await writeFile(join(folder, "migration.sql"), sql);
  return join(copy, "dist/main.js");
}

test("a migration that fails ends the process with one line, and the port is never opened", async (t) => {
  const database = await throwawayDatabase(t);
  const env = { DATABASE_URL: database.url, RABBITMQ_URL };
  const main = await withMigration(t, "ALTER TABLE nothing_of_the_kind ADD COLUMN a TEXT;");
  const line = lastWords(await launchOrders(t, env, main).exit);
  assert.equal(line["event"], "start_failed");
  assert.match(String(line["reason"]), /29990101000000_broken.*nothing_of_the_kind/);

  // The next start does not get past it either, and says how it was left (P3009).
  assert.match(String(lastWords(await launchOrders(t, env, main).exit)["reason"]), /P3009|29990101000000_broken/);
});

for (const connections of ["kept", "fresh"] as const) {
  test(`1,000 requests over ${connections} connections during SIGTERM lose none`, async (t) => {
    const service = await startOrders(t);
    const { id } = (await (await service.post("read-1")).json()) as { id: string };
    await requestsDuringSigterm(service, { port: service.port, path: `/api/orders/${id}`, connections });
    const exit = await service.exit;
    assert.deepEqual([exit.code, exit.stderr], [0, ""]);
    assert.match(exit.stdout, /"event":"stopped"\}$/);
  });
}

test("the health probe says yes of a service that works", async (t) => {
  const { port } = await startOrders(t);
  const exit = await startScript(t, join(dirname(MAIN), "healthcheck.js"), { PORT: String(port) }).exit;
  assert.deepEqual([exit.code, exit.stderr], [0, ""]);
});
