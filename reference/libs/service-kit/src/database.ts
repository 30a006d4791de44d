// How a service holds on to its own database: as options of the driver and of Prisma's client, which each service generates for
// its own schema.

/** Four tasks of a service leave room on a small server, and a request holds a connection for a few milliseconds. */
const POOL_SIZE = 10;
const CONNECT_TIMEOUT_MS = 3_000;
/** A request that comes in a burst waits so long for its turn. */
const POOL_PATIENCE_MS = 5_000;
/** No statement of a service may take long; a stuck one gives its connection back. */
const STATEMENT_TIMEOUT_MS = 10_000;

/** Options of `@prisma/adapter-pg`, which hands them on to node-postgres. */
export const poolOptions = (url: string) => ({
  connectionString: url,
  max: POOL_SIZE,
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  statement_timeout: STATEMENT_TIMEOUT_MS,
});

/** Options of Prisma's client. */
export const transactionOptions = { maxWait: POOL_PATIENCE_MS } as const;
