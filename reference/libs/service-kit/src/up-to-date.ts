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

/**
 * Says whether each migration in the folder is applied, as it stands there, and none has failed. Where it says no, or can't say,
 * Prisma's CLI decides: it applies what is pending, or says what is wrong.
 *
 * @param schema Of PostgreSQL, in which Prisma keeps its table: `schema` in the database's address
 */
export async function isUpToDate(
  session: Pick<pg.Client, "query">,
  migrations: string,
  schema = "public",
): Promise<boolean> {
  try {
    const wanted = await checksums(migrations);
    const { rows } = await session.query<Row>(applied(schema));
    if (wanted.size === 0 || rows.some(({ finished }) => !finished)) return false;
    const done = new Map(rows.map(({ migration_name, checksum }) => [migration_name, checksum]));
    return [...wanted].every(([name, checksum]) => done.get(name) === checksum);
  } catch {
    return false;
  }
}

/** What was rolled back, by hand and on purpose, is as if it had never been. */
const applied = (schema: string): string => `SELECT migration_name, checksum, finished_at IS NOT NULL AS finished
  FROM "${schema.replaceAll('"', '""')}"._prisma_migrations WHERE rolled_back_at IS NULL`;

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
