import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

import type pg from "pg";

import { isUpToDate } from "../src/up-to-date.js";

const FIRST = "20260301090000_first";
const SECOND = "20260302090000_second";
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const row = (name: string, sql: string, finished = true) => ({ migration_name: name, checksum: sha256(sql), finished });

async function folderWith(t: TestContext, migrations: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "migrations-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "migration_lock.toml"), "");
  for (const [name, sql] of Object.entries(migrations)) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, "migration.sql"), sql);
  }
  return folder;
}

const telling = (rows: unknown[]) => ({ query: async () => ({ rows }) }) as unknown as pg.Client;
const failing = (code: string) =>
  ({ query: async () => Promise.reject(Object.assign(new Error(code), { code })) }) as unknown as pg.Client;

test("a database that has all migrations as they stand in the folder is up to date", async (t) => {
  const folder = await folderWith(t, { [FIRST]: "CREATE", [SECOND]: "ALTER" });
  assert.equal(await isUpToDate(telling([row(FIRST, "CREATE"), row(SECOND, "ALTER")]), folder), true);
});

test("so is one that a later release has taken further", async (t) => {
  const folder = await folderWith(t, { [FIRST]: "CREATE" });
  assert.equal(await isUpToDate(telling([row(FIRST, "CREATE"), row(SECOND, "ALTER")]), folder), true);
});

for (const [why, rows] of [
  ["lacks one", [row(FIRST, "CREATE")]],
  ["has had one that was edited since", [row(FIRST, "CREATE"), row(SECOND, "ALTER before")]],
  ["has one that did not finish", [row(FIRST, "CREATE"), row(SECOND, "ALTER", false)]],
  ["has a later one that did not finish", [row(FIRST, "CREATE"), row(SECOND, "ALTER"), row("3", "DROP", false)]],
  ["has none", []],
] as const) {
  test(`a database that ${why} is left to Prisma`, async (t) => {
    const folder = await folderWith(t, { [FIRST]: "CREATE", [SECOND]: "ALTER" });
    assert.equal(await isUpToDate(telling([...rows]), folder), false);
  });
}

test("so is a release that has no migrations, and a database that has no such table or does not answer", async (t) => {
  assert.equal(await isUpToDate(telling([]), await folderWith(t, {})), false);
  for (const code of ["42P01", "57P01"]) {
    assert.equal(await isUpToDate(failing(code), await folderWith(t, { [FIRST]: "CREATE" })), false);
  }
});

test("so is a folder in which a migration has no file", async (t) => {
  const folder = await folderWith(t, { [FIRST]: "CREATE" });
  await mkdir(join(folder, SECOND));
  assert.equal(await isUpToDate(telling([row(FIRST, "CREATE")]), folder), false);
});

test("the table is looked for where Prisma keeps it", async (t) => {
  const folder = await folderWith(t, { [FIRST]: "CREATE" });
  const asked: string[] = [];
  const session = { query: async (text: string) => void asked.push(text) } as unknown as pg.Client;
  await isUpToDate(session, folder);
  await isUpToDate(session, folder, 'pre"view');
  assert.match(asked[0] ?? "", /FROM "public"\._prisma_migrations/);
  assert.match(asked[1] ?? "", /FROM "pre""view"\._prisma_migrations/);
});
