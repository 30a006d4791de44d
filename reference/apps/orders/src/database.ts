// The service's own database, by the client that Prisma generates from its schema.

import { PrismaPg } from "@prisma/adapter-pg";

import { PrismaClient } from "./generated/client.js";

/** Four tasks of it leave room on a small server, and a request holds a connection for a few milliseconds. */
const POOL_SIZE = 10;
const CONNECT_TIMEOUT_MS = 3_000;
/** A request that comes in a burst waits so long for its turn. */
const POOL_PATIENCE_MS = 5_000;
/** No statement of this service may take long; a stuck one gives its connection back. */
const STATEMENT_TIMEOUT_MS = 10_000;

export type Database = PrismaClient;

export function openDatabase(url: string): Database {
  const adapter = new PrismaPg({
    connectionString: url,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
  });
  return new PrismaClient({ adapter, transactionOptions: { maxWait: POOL_PATIENCE_MS } });
}
