import assert from "node:assert/strict";
import { test } from "node:test";

import { failureLine } from "../src/migrate.js";

test("an error in the SQL is told in one line, with its migration", () => {
  const line = failureLine(`6 migrations found in prisma/migrations

Loaded Prisma config from prisma.config.mjs.
Error: external connector error
No such table: orders_old
   0: sql_schema_connector::apply_migration::apply_script
           with migration_name="20260301090000_rename"
             at schema-engine/connectors/sql-schema-connector/src/apply_migration.rs:113
`);
  assert.equal(line, "20260301090000_rename: Error: external connector error No such table: orders_old");
});

test("an error that names its migration itself is told as it is", () => {
  const line = failureLine(`Error: P3009

migrate found failed migrations in the target database
The \`20260301090000_rename\` migration started at 2026-03-01 09:00:00 UTC failed
`);
  assert.equal(
    line,
    "Error: P3009 migrate found failed migrations in the target database The `20260301090000_rename` migration started at 2026-03-01 09:00:00 UTC failed",
  );
});

test("nothing said is nothing told, and much is cut short", () => {
  assert.equal(failureLine("\n\n"), "");
  assert.equal(failureLine(`Error: ${"x".repeat(1_000)}`).length, 400);
});
