// Publishes what waits in the outbox. At least once: an event counts as published when the broker has confirmed it.

import { SHOP_EXCHANGE } from "@reference-shop/contracts";
import type { Broker } from "@reference-shop/service-kit/broker";
import { errorLine } from "@reference-shop/service-kit";
import type { ConfirmChannel, Message } from "amqplib";
import type { Logger } from "pino";

import type { Database } from "./database.js";
import type { Prisma } from "./generated/client.js";

interface Waiting {
  readonly id: string;
  readonly routing_key: string;
  readonly content: Prisma.JsonValue;
}

const BATCH = 50;
/** For events that another task left behind, and for those that waited for the broker. */
const POLL_MS = 1_000;
const TRANSACTION_LIMIT_MS = 10_000;
const CONFIRM_LIMIT_MS = 5_000;

export class OutboxRelay {
  readonly #database: Database;
  readonly #broker: Pick<Broker, "channel">;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  #wanted = false;
  #stopped = false;

  constructor(database: Database, broker: Pick<Broker, "channel">, logger: Logger) {
    this.#database = database;
    this.#broker = broker;
    this.#logger = logger;
  }

  start(): void {
    this.#timer = setInterval(() => this.wake(), POLL_MS);
    this.wake();
  }

  /** There is something to publish, or may be. */
  wake(): void {
    if (this.#wanted || this.#stopped) return;
    this.#wanted = true;
    this.#working = this.#working.then(() => this.#work());
  }

  /** Finishes what is under way. What was not published stays in the outbox. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#working;
  }

  async #work(): Promise<void> {
    this.#wanted = false;
    try {
      for (;;) {
        const channel = this.#broker.channel;
        if (channel === undefined || this.#stopped) return;
        if ((await this.#publishSome(channel)) < BATCH) return;
      }
    } catch (error) {
      this.#logger.warn({ reason: errorLine(error) }, "publish_failed");
    }
  }

  /** Tasks share the work: what one has locked, the others skip. Where anything fails, nothing of the batch counts. */
  async #publishSome(channel: ConfirmChannel): Promise<number> {
    return this.#database.$transaction(
      async (transaction) => {
        const waiting = await transaction.$queryRaw<Waiting[]>`
          SELECT id::text, routing_key, content FROM outbox_events
          WHERE published_at IS NULL ORDER BY sequence LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`;
        if (waiting.length === 0) return 0;
        const homeless = await publish(channel, waiting);
        const ids = waiting.map(({ id }) => id).filter((id) => !homeless.has(id));
        await transaction.outboxEvent.updateMany({ where: { id: { in: ids } }, data: { publishedAt: new Date() } });
        if (homeless.size > 0) {
          this.#logger.warn({ events: homeless.size, reason: "no queue is bound yet" }, "publish_postponed");
          return 0;
        }
        return waiting.length;
      },
      { timeout: TRANSACTION_LIMIT_MS },
    );
  }
}

/**
 * Returns those that the broker has confirmed, but has put into no queue: whoever reads them has not been deployed yet. The
 * broker sends them back ahead of its confirmation.
 */
async function publish(channel: ConfirmChannel, waiting: readonly Waiting[]): Promise<ReadonlySet<string>> {
  const homeless = new Set<string>();
  const onReturn = ({ properties }: Message): void => void homeless.add(String(properties.messageId));
  channel.on("return", onReturn);
  try {
    for (const { id, routing_key, content } of waiting) {
      channel.publish(SHOP_EXCHANGE, routing_key, Buffer.from(JSON.stringify(content)), {
        persistent: true,
        mandatory: true,
        contentType: "application/json",
        messageId: id,
      });
    }
    await confirmed(channel);
  } finally {
    channel.off("return", onReturn);
  }
  return homeless;
}

/** A channel that closes may leave its confirms unanswered for ever, hence the limit. */
async function confirmed(channel: ConfirmChannel): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("the broker does not confirm")), CONFIRM_LIMIT_MS);
  });
  try {
    await Promise.race([channel.waitForConfirms(), late]);
  } finally {
    clearTimeout(timer);
  }
}
