// Whether a database has had all migrations of a release already. Most starts find that it has, and to learn it from Prisma's CLI
// takes a second of processor time at the worst moment: when tasks are missing.

import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import type pg from "pg";

interface Row {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished: boolean;
}

/** What was rolled back, by hand and on purpose, is as if it had never been. */
const APPLIED = `SELECT migration_name, checksum, finished_at IS NOT NULL AS finished
  FROM _prisma_migrations WHERE rolled_back_at IS NULL`;
const NO_SUCH_TABLE = "42P01";

/**
 * Says whether each migration in the folder is applied, as it stands there, and none has failed. Where it says no, Prisma's
 * CLI decides: it applies what is pending, or says what is wrong.
 */
export async function isUpToDate(session: Pick<pg.Client, "query">, migrations: string): Promise<boolean> {
  const wanted = await checksums(migrations);
  const rows = await applied(session);
  if (wanted.size === 0 || rows.some(({ finished }) => !finished)) return false;
  const done = new Map(rows.map(({ migration_name, checksum }) => [migration_name, checksum]));
  return [...wanted].every(([name, checksum]) => done.get(name) === checksum);
}

async function applied(session: Pick<pg.Client, "query">): Promise<Row[]> {
  try {
    return (await session.query<Row>(APPLIED)).rows;
  } catch (error) {
    if ((error as { code?: unknown }).code === NO_SUCH_TABLE) return [];
    throw error;
  }
}

/** By name, as Prisma reckons them. */
async function checksums(migrations: string): Promise<Map<string, string>> {
  const entries = await readdir(migrations, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory());
  return new Map(
    await Promise.all(
      folders.map(async ({ name }): Promise<[string, string]> => {
        const sql = await readFile(join(migrations, name, "migration.sql"));
        return [name, createHash("sha256").update(sql).digest("hex")];
      }),
    ),
  );
}
