// A migration tool as people write them: files in order, each in a transaction with a line in a table of versions, one at a time.

import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";

import { connect } from "./postgres.mjs";

const FOLDER = new URL("migrations/", import.meta.url);

export async function migrate(address) {
  const session = await connect(address);
  try {
    // Asked for again and again: who waits within a statement holds a snapshot meanwhile.
    while ((await session.query("SELECT pg_try_advisory_lock(4711)"))[0][0] !== "t") await delay(100);
    await session.query("CREATE TABLE IF NOT EXISTS schema_version (name text PRIMARY KEY)");
    for (const name of await pending(session)) {
      await session.query("BEGIN");
      await session.query(readFileSync(new URL(name, FOLDER), "utf8"));
      await session.query(`INSERT INTO schema_version VALUES ('${name.replace(".sql", "")}')`);
      await session.query("COMMIT");
    }
  } finally {
    session.end();
  }
}

async function pending(session) {
  const done = new Set((await session.query("SELECT name FROM schema_version")).map(([name]) => `${name}.sql`));
  return readdirSync(FOLDER).filter((name) => name.endsWith(".sql") && !done.has(name)).sort();
}

async function main(word) {
  if (word !== "status") return migrate(process.env.DATABASE_URL);
  const session = await connect(process.env.DATABASE_URL);
  const left = await pending(session);
  session.end();
  if (left.length > 0) throw new Error(`pending: ${left.join(", ")}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  main(process.argv[2]).catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
}
