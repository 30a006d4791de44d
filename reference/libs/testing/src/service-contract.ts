// What the platform may rely on with every service that has a database: how it starts with what is there and what is not, what it
// says of its dependencies, and how it ends. Each service calls this in an integration test of its own.

import assert from "node:assert/strict";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { throwawayDatabase } from "./database.js";
import { eventually } from "./eventually.js";
import { openLine } from "./line.js";
import { requestsDuringSigterm } from "./load.js";
import { startScript, type Exit } from "./process.js";
import { launch, served, type Served } from "./serve.js";

export interface ServiceContract {
  /** The built main.js, in the folder dist of its package. */
  readonly main: string;
  /** What it depends on, its database aside. */
  readonly dependencies: readonly {
    readonly variable: string;
    readonly url: string;
    /** As /readyz names it. */
    readonly name: string;
    /** Whether the service wants no traffic without it. */
    readonly essential: boolean;
  }[];
  /** A path that is answered with 200 from the database, made if need be. */
  readonly readPath: (service: Served) => Promise<string>;
}

const NOWHERE = "postgresql://shop:hunter2@127.0.0.1:1/shop";
const REPLICAS = 4;
const BROKEN = "29990101000000_broken";

/** Two tests at a time: each has its own database, and most of the time goes into starting processes. */
export function serviceContract(contract: ServiceContract): void {
  describe("what the platform relies on", { concurrency: 2 }, () => tests(contract));
}

function tests({ main, dependencies, readPath }: ServiceContract): void {
  const folder = dirname(dirname(main));
  const around = Object.fromEntries(dependencies.map(({ variable, url }) => [variable, url]));

  test("a wrong setting is an exit 1 with one line that names it, before anything is opened", async (t) => {
    // One that is missing and one that is wrong: which others there are is a matter of the unit tests.
    const last = dependencies.at(-1)?.variable ?? "DATABASE_URL";
    for (const [variable, value] of [
      ["DATABASE_URL", ""],
      [last, "http://shop:hunter2@elsewhere/"],
    ] as const) {
      const env = { DATABASE_URL: NOWHERE, ...around, [variable]: value };
      const line = lastWords(await launch(t, main, env).exit);
      assert.deepEqual([line["event"], line["variable"]], ["invalid_config", variable]);
    }
  });

  test("without a database it gives up after its deadline, with one line", async (t) => {
    const begun = performance.now();
    const { exit } = launch(t, main, { DATABASE_URL: NOWHERE, ...around, START_DEADLINE_S: "2" });
    const line = lastWords(await exit);
    assert.equal(line["event"], "start_failed");
    assert.match(String(line["reason"]), /^no database within 2 s: .*ECONNREFUSED/);
    assert.ok(performance.now() - begun >= 1_500, "it tried again in the meantime");
  });

  test("with a database that takes connections and never answers it gives up, too", async (t) => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
    t.after(() => silent.close());
    const url = `postgresql://127.0.0.1:${(silent.address() as AddressInfo).port}/shop`;
    const { exit } = launch(t, main, { DATABASE_URL: url, ...around, START_DEADLINE_S: "1" });
    assert.match(String(lastWords(await exit)["reason"]), /^no database within 1 s: /);
  });

  test("a database that comes late is waited for; one that goes away is told of, and found again", async (t) => {
    const line = await openLine(t, (await throwawayDatabase(t)).url);
    await line.cut();
    const starting = launch(t, main, { DATABASE_URL: line.url, ...around });
    await delay(1_500);
    await line.mend();
    const { port, url, readyz } = await served(starting);
    await eventually(async () => assert.equal((await readyz()).status, 200));

    await line.cut();
    const states = (await readyz()).dependencies;
    assert.equal((await readyz()).status, 503);
    assert.notEqual(states["postgres"], "ok");
    for (const { name } of dependencies) assert.equal(states[name], "ok");
    // Restarting this process would not bring the database back.
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    const probe = await startScript(t, join(dirname(main), "healthcheck.js"), { PORT: String(port) }).exit;
    assert.deepEqual([probe.code, probe.stderr], [0, ""]);

    await line.mend();
    await eventually(async () => assert.equal((await readyz()).status, 200));
  });

  for (const { variable, url: server, name, essential } of dependencies) {
    test(`without ${name} it serves and says what is missing, and it recovers by itself`, async (t) => {
      const line = await openLine(t, server);
      await line.cut();
      const { url: DATABASE_URL } = await throwawayDatabase(t);
      const service = await served(launch(t, main, { DATABASE_URL, ...around, [variable]: line.url }));
      const expected = essential ? 503 : 200;
      // The others are connected to in the background: each has its moment to come up.
      await eventually(async () => {
        const { status, dependencies: states } = await service.readyz();
        const missing = Object.keys(states).filter((each) => states[each] !== "ok");
        assert.deepEqual([status, missing], [expected, [name]]);
      });
      assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
      assert.equal((await fetch(service.url + (await readPath(service)))).status, 200);

      await line.mend();
      const recovered = async () => {
        const { status, dependencies: states } = await service.readyz();
        assert.deepEqual([status, states[name]], [200, "ok"]);
      };
      await eventually(recovered);
      // And once more while it runs.
      await line.cut();
      await eventually(async () => assert.notEqual((await service.readyz()).dependencies[name], "ok"));
      assert.equal((await service.readyz()).status, expected);
      await line.mend();
      await eventually(recovered);
    });
  }

  test(`${REPLICAS} replicas that start at once on an empty database come up, and each migration runs once`, async (t) => {
    const database = await throwawayDatabase(t);
    const env = { DATABASE_URL: database.url, ...around };
    const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => served(launch(t, main, env))));
    for (const { url } of replicas) assert.equal((await fetch(`${url}/healthz`)).status, 200);

    const names = (await readdir(join(folder, "prisma/migrations"))).filter((name) => /^\d{14}_/.test(name)).sort();
    assert.ok(names.length >= 4);
    const applied = await database.query(
      `SELECT migration_name AS name, applied_steps_count AS steps, finished_at IS NOT NULL AND rolled_back_at IS NULL AS done
       FROM _prisma_migrations ORDER BY started_at`,
    );
    assert.deepEqual(
      applied,
      names.map((name) => ({ name, steps: 1, done: true })),
    );
    // By their own words as well.
    const told = replicas.flatMap(({ lines }) => lines.filter((line) => line.includes('"event":"migrated"')));
    const claimed = told.flatMap((line) => (JSON.parse(line) as { applied: string[] }).applied);
    assert.deepEqual([told.length, claimed.sort()], [REPLICAS, names]);
  });

  test("a migration that fails ends the process with one line, the port is never opened, and there is a way out", async (t) => {
    const database = await throwawayDatabase(t);
    const env = { DATABASE_URL: database.url, ...around };
    const copy = await copyWithMigration(t, folder, "ALTER TABLE nothing_of_the_kind ADD COLUMN a TEXT;");
    const line = lastWords(await launch(t, copy, env).exit);
    assert.equal(line["event"], "start_failed");
    assert.match(String(line["reason"]), new RegExp(`${BROKEN}.*nothing_of_the_kind`));

    // By hand, as MIGRATIONS.md says; then a release without the mistake comes up.
    await database.query("UPDATE _prisma_migrations SET rolled_back_at = now() WHERE finished_at IS NULL");
    const { url } = await served(launch(t, main, env));
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
  });

  test("1,000 requests during SIGTERM, over kept and fresh connections, lose none", async (t) => {
    const { url } = await throwawayDatabase(t);
    // How long it may take is of no interest here, and on a busy machine it takes long.
    const env = { DATABASE_URL: url, ...around, SHUTDOWN_DRAIN_S: "115" };
    const service = await served(launch(t, main, env));
    await requestsDuringSigterm(service, { port: service.port, path: await readPath(service), connections: "both" });
    const exit = await service.exit;
    assert.deepEqual([exit.code, exit.signal, exit.stderr], [0, null, ""]);
    assert.match(exit.stdout, /"event":"stopped"\}$/);
  });
}

/** The one line that a process leaves which does not come up, once it is certain that it never listened nor told a password. */
function lastWords({ code, stdout, stderr }: Exit): Readonly<Record<string, unknown>> {
  assert.equal(code, 1, stderr);
  assert.doesNotMatch(stdout, /"event":"listening"/);
  assert.equal(stderr.split("\n").length, 1, stderr);
  assert.doesNotMatch(stderr, /hunter2/);
  return JSON.parse(stderr) as Record<string, unknown>;
}

/** A copy of the built package with one more migration, inside the package's folder: its dependencies are found from there. */
async function copyWithMigration(t: TestContext, folder: string, sql: string): Promise<string> {
  const copy = await mkdtemp(join(folder, "dist-test/copy-"));
  t.after(() => rm(copy, { recursive: true }));
  for (const part of ["package.json", "prisma.config.mjs", "prisma", "dist"]) {
    await cp(join(folder, part), join(copy, part), { recursive: true });
  }
  await mkdir(join(copy, "prisma/migrations", BROKEN));
  await writeFile(join(copy, "prisma/migrations", BROKEN, "migration.sql"), sql);
  return join(copy, "dist/main.js");
}
