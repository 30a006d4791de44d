// Brings the database up to date before a service serves: `prisma migrate deploy`, which any number of replicas may call at
// once, since one at a time holds Prisma's advisory lock and the others wait for it.

import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import type { Logger } from "pino";

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

/** Source: https://www.prisma.io/docs/orm/reference/error-reference */
const UNREACHABLE = /\bP1001\b|\bP1017\b|DatabaseNotReachable|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|starting up/;
const LOCKED = /\bP1002\b|advisory lock/;
/** A migration by another replica may take long, and is waited for: bounded, so that a lost lock is noticed. */
const LOCK_PATIENCE_S = 300;
const ONE_TRY_LIMIT_MS = 15 * 60_000;
const PAUSE_MS = 500;
const TIMERS = new URL("./timers.js", import.meta.url).href;

const run = promisify(execFile);

/**
 * Applies what is pending, and returns once nothing is.
 *
 * @throws MigrationError with one line: the database was not there in time, a lock was not freed, or a migration failed
 */
export async function migrate({ folder, databaseUrl, deadlineS, logger }: MigrateOptions): Promise<void> {
  const begun = performance.now();
  for (;;) {
    const failure = await deploy(folder, databaseUrl, logger);
    if (failure === undefined) return;
    const unreachable = UNREACHABLE.test(failure);
    const patienceS = unreachable ? deadlineS : LOCKED.test(failure) ? LOCK_PATIENCE_S : 0;
    if (performance.now() - begun >= patienceS * 1_000) {
      throw new MigrationError(unreachable ? `no database within ${deadlineS} s: ${failure}` : failure);
    }
    await delay(PAUSE_MS);
  }
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

/** What the CLI says of a failure, in one line: from the first line that names an error to the end. */
export function failureLine(output: string): string {
  const lines = output.split("\n").map((line) => line.trim());
  const start = lines.findIndex((line) => /^Error\b|\bP\d{4}\b/.test(line));
  const told = lines.slice(Math.max(0, start)).filter((line) => line !== "" && !line.startsWith("Prisma CLI Version"));
  // The engine's own trace of calls begins with " 0: ".
  return (told.join(" ").replace(/\s+/g, " ").split(" 0: ", 1)[0] ?? "").slice(0, 400);
}
