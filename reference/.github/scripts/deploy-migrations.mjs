#!/usr/bin/env node
// Applies the migrations of every service, by the command that production runs, to an empty database of its own on the
// server that TEST_DATABASE_URL names; and holds what the database says was applied against what is committed.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";

import pg from "pg";

const server = process.env.TEST_DATABASE_URL;
if (!server) throw new Error("TEST_DATABASE_URL: expected the address of a PostgreSQL server");

const services = readdirSync("apps").filter((name) => existsSync(`apps/${name}/prisma/schema.prisma`));
if (services.length === 0) throw new Error("no service has a schema; expected apps/*/prisma/schema.prisma");

for (const service of services) {
  const database = `migrations_${service}`;
  await query(server, `DROP DATABASE IF EXISTS "${database}"`);
  await query(server, `CREATE DATABASE "${database}"`);

  const url = new URL(server);
  url.pathname = `/${database}`;
  console.log(`deploy-migrations: ${service}`);
  execFileSync("npm", ["exec", "--workspace", `apps/${service}`, "--", "prisma", "migrate", "deploy"], {
    env: { ...process.env, DATABASE_URL: url.href },
    stdio: "inherit",
  });

  const committed = readdirSync(`apps/${service}/prisma/migrations`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  const { rows } = await query(
    url.href,
    "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL",
  );
  const finished = rows.map((row) => row.migration_name).sort();
  if (committed.length === 0 || committed.join() !== finished.join()) {
    throw new Error(`${service}: got ${finished.join(", ") || "nothing"} finished; expected ${committed.join(", ")}`);
  }
  console.log(`deploy-migrations: ${service} has ${finished.length} migrations, all finished`);
}

async function query(connectionString, text) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}
