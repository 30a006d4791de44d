// One replica's turn at the database, while the others wait.
//
// `prisma migrate deploy` has a lock of its own, but waits for it within a statement. A statement that waits holds a snapshot,
// CREATE INDEX CONCURRENTLY waits for all older snapshots to go, and two replicas are in a deadlock: the migration fails. Here
// those that wait ask again and again, and hold nothing in between.
// Source: https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY

import { setTimeout as delay } from "node:timers/promises";

import pg from "pg";

import { errorLine } from "./log.js";

export interface TurnOptions {
  readonly databaseUrl: string;
  /** Seconds within which the database has to be there. */
  readonly deadlineS: number;
  /** Seconds within which it has to be this one's turn, once the database is there. */
  readonly patienceS: number;
}

/** The database was not there in time, or the others took too long. */
export class TurnError extends Error {
  override readonly name = "TurnError";
}

/** Any number will do that nothing else in this database uses as an advisory lock; Prisma's is 72707369. */
const LOCK = 72_707_370;
const PAUSE_MS = 250;
/** For one attempt: one that is not answered must not use up the time of all others. */
const CONNECT_TIMEOUT_MS = 3_000;
/** Wrong name or password, no such database: to ask again would not help. */
const HOPELESS = /^(?:28|3D)/;

/**
 * Does some work while no other replica does any. It may use the session that holds the turn.
 *
 * @throws TurnError where it did not come to that
 */
export async function inTurn<T>(
  { databaseUrl, deadlineS, patienceS }: TurnOptions,
  work: (session: pg.Client) => Promise<T>,
): Promise<T> {
  const session = await connect(databaseUrl, deadlineS);
  try {
    const begun = performance.now();
    while (!(await tryLock(session))) {
      if (performance.now() - begun > patienceS * 1_000) {
        throw new TurnError(`another replica has been migrating the database for ${patienceS} s`);
      }
      await delay(PAUSE_MS);
    }
    return await work(session);
  } finally {
    // With the session goes the lock.
    await session.end().catch(() => undefined);
  }
}

async function tryLock(session: pg.Client): Promise<boolean> {
  const { rows } = await session.query<{ locked: boolean }>("SELECT pg_try_advisory_lock($1) AS locked", [LOCK]);
  return rows[0]?.locked ?? false;
}

async function connect(databaseUrl: string, deadlineS: number): Promise<pg.Client> {
  const begun = performance.now();
  for (;;) {
    const left = deadlineS * 1_000 - (performance.now() - begun);
    const session = new pg.Client({
      connectionString: databaseUrl,
      connectionTimeoutMillis: Math.max(1, Math.min(CONNECT_TIMEOUT_MS, left)),
      keepAlive: true,
    });
    // A session that breaks later fails the next query; without a listener it would end the process.
    session.on("error", () => {});
    try {
      await session.connect();
      return session;
    } catch (error) {
      void session.end().catch(() => undefined);
      const reason = errorLine(error);
      if (HOPELESS.test(String((error as { code?: unknown }).code))) throw new TurnError(`no database: ${reason}`);
      if (performance.now() - begun + PAUSE_MS >= deadlineS * 1_000) {
        throw new TurnError(`no database within ${deadlineS} s: ${reason}`);
      }
    }
    await delay(PAUSE_MS);
  }
}
