// Brings the database up to date before a service serves: `prisma migrate deploy`, which any number of replicas may want at
// once. They take turns, and all but the first find nothing left to do; so does each start of a release that has run before.

import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import type { Logger } from "pino";

import { inTurn } from "./turn.js";
import { isUpToDate } from "./up-to-date.js";

export interface MigrateOptions {
  /** Holds prisma.config.mjs and the folder prisma. */
  readonly folder: string;
  readonly databaseUrl: string;
  /** Seconds within which the database has to be there. */
  readonly deadlineS: number;
  readonly logger: Logger;
}

export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

/** Somebody runs the CLI by hand: Prisma waits for its own lock for 10 s, and then says so. */
const LOCKED = /\bP1002\b|advisory lock/;
/** A migration by another replica may take long, and is waited for: bounded, so that a lost lock is noticed. */
const PATIENCE_S = 300;
const ONE_TRY_LIMIT_MS = 15 * 60_000;
const PAUSE_MS = 500;
const TIMERS = new URL("./timers.js", import.meta.url).href;

const run = promisify(execFile);

/**
 * Applies what is pending, and returns once nothing is.
 *
 * @throws TurnError where the database was not there in time, or other replicas took too long
 * @throws MigrationError with one line: a migration failed, or somebody else's lock was not freed
 */
export async function migrate({ folder, databaseUrl, deadlineS, logger }: MigrateOptions): Promise<void> {
  await inTurn({ databaseUrl, deadlineS, patienceS: PATIENCE_S }, async (session) => {
    const schema = new URL(databaseUrl).searchParams.get("schema") ?? undefined;
    if (await isUpToDate(session, join(folder, "prisma", "migrations"), schema)) {
      logger.info({ applied: [] }, "migrated");
      return;
    }
    const begun = performance.now();
    for (;;) {
      const failure = await deploy(folder, databaseUrl, logger);
      if (failure === undefined) return;
      const worthWaiting = LOCKED.test(failure) && performance.now() - begun < PATIENCE_S * 1_000;
      if (!worthWaiting) throw new MigrationError(failure);
      await delay(PAUSE_MS);
    }
  });
}

async function deploy(folder: string, databaseUrl: string, logger: Logger): Promise<string | undefined> {
  const cli = createRequire(join(folder, "package.json")).resolve("prisma/build/index.js");
  const env = {
    DATABASE_URL: databaseUrl,
    CHECKPOINT_DISABLE: "1",
    NO_COLOR: "1",
    PRISMA_HIDE_UPDATE_MESSAGE: "1",
    // The CLI asks for a home, which a user without an entry in passwd has not; it does not need it to be there.
    HOME: "/nonexistent",
  };
  try {
    const { stdout } = await run(process.execPath, ["--import", TIMERS, cli, "migrate", "deploy"], {
      cwd: folder,
      env,
      timeout: ONE_TRY_LIMIT_MS,
    });
    const applied = [...stdout.matchAll(/^\s+└─ (\d{14}_\w+)\//gm)].map(([, name]) => name);
    logger.info({ applied }, "migrated");
    return undefined;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    return failureLine(`${stdout}\n${stderr}`) || String(error);
  }
}

/** What the CLI says of a failure, in one line: the migration, and from the first line that names an error to the end. */
export function failureLine(output: string): string {
  const lines = output.split("\n").map((line) => line.trim());
  const start = lines.findIndex((line) => /^Error\b|\bP\d{4}\b/.test(line));
  const told = lines.slice(Math.max(0, start)).filter((line) => line !== "" && !line.startsWith("Prisma CLI Version"));
  // The engine's own trace of calls begins with " 0: ". Of an error in the SQL, it alone names the migration.
  const line = told.join(" ").replace(/\s+/g, " ").split(" 0: ", 1)[0] ?? "";
  const migration = /migration_name="(\w+)"/.exec(output)?.[1];
  return (migration === undefined || line.includes(migration) ? line : `${migration}: ${line}`).slice(0, 400);
}
