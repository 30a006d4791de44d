// Answers that many ask for, kept in Redis for a moment. The service works without it, slower.

import { errorLine, type Dependency } from "@reference-shop/service-kit";
import { Redis } from "ioredis";
import type { Logger } from "pino";

const PREFIX = "catalog:";
/** An answer that an invalidation missed is wrong for no longer. */
const TTL_S = 30;
/** A cache that is slower than the database is none. */
const COMMAND_TIMEOUT_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

export class Cache implements Dependency {
  readonly name = "redis";
  readonly essential = false;
  readonly #redis: Redis;
  readonly #logger: Logger;
  #told = "";

  constructor(url: string, logger: Logger) {
    this.#logger = logger;
    this.#redis = new Redis(url, {
      lazyConnect: true,
      keyPrefix: PREFIX,
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: 2_000,
      // While there is no connection, ask the database at once in place of waiting for one.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => Math.min(200 * 2 ** Math.min(attempt, 10), LONGEST_PAUSE_MS),
    });
    this.#redis.on("error", (error) => this.#tell(errorLine(error)));
    this.#redis.on("ready", () => {
      this.#told = "";
      logger.info("cache_connected");
    });
  }

  /** Begins to connect, and goes on until it is closed. Does not wait for it. */
  start(): void {
    this.#redis.connect().catch((error: unknown) => this.#tell(errorLine(error)));
  }

  check = async (): Promise<void> => {
    await this.#redis.ping();
  };

  /** What is kept under a key, or else what `load` says, which is kept then. */
  async through<T>(key: string, load: () => Promise<T>): Promise<T> {
    const kept = await this.#quietly(() => this.#redis.get(key));
    if (kept !== undefined && kept !== null) return JSON.parse(kept) as T;
    const value = await load();
    await this.#quietly(() => this.#redis.set(key, JSON.stringify(value), "EX", TTL_S));
    return value;
  }

  /** Forgets what is kept under these keys. */
  async forget(keys: readonly string[]): Promise<void> {
    await this.#quietly(() => this.#redis.del(...keys));
  }

  close(): void {
    this.#redis.disconnect();
  }

  async #quietly<T>(command: () => Promise<T>): Promise<T | undefined> {
    try {
      return await command();
    } catch (error) {
      this.#tell(errorLine(error));
      return undefined;
    }
  }

  /** Once for each reason, not with every request. */
  #tell(reason: string): void {
    if (reason !== this.#told) this.#logger.warn({ reason }, "cache_unavailable");
    this.#told = reason;
  }
}
