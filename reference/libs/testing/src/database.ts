// A database of a test's own.

import { randomBytes } from "node:crypto";
import type { TestContext } from "node:test";

import pg from "pg";

import { backingUrl } from "./backing.js";

export interface ThrowawayDatabase {
  readonly url: string;
  readonly query: <Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]) => Promise<Row[]>;
}

/** Empty, on the server at TEST_DATABASE_URL, and dropped when the test ends, whoever is still connected to it. */
export async function throwawayDatabase(t: TestContext): Promise<ThrowawayDatabase> {
  const server = backingUrl("TEST_DATABASE_URL");
  const name = `test_${randomBytes(8).toString("hex")}`;
  const url = new URL(server);
  url.pathname = `/${name}`;

  await onServer(server, `CREATE DATABASE ${name}`);
  t.after(() => onServer(server, `DROP DATABASE ${name} WITH (FORCE)`));
  return {
    url: url.href,
    query: async <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
      connected(url.href, async (client) => (await client.query<Row>(sql, [...values])).rows),
  };
}

const onServer = (url: string, sql: string): Promise<unknown> => connected(url, (client) => client.query(sql));

/** One connection for each call: none stays open that would hold up the process or the drop. */
async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
