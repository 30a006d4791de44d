// Takes what was ordered from the stock, as orders tell of it.

import { ORDER_PLACED, parseOrderPlaced, SHOP_EXCHANGE } from "@reference-shop/contracts";
import { errorLine } from "@reference-shop/service-kit";
import type { ConfirmChannel, ConsumeMessage } from "amqplib";
import type { Logger } from "pino";

import type { Cache } from "./cache.js";
import type { ProductStore } from "./product-store.js";
import { LIST_KEY, productKey } from "./routes.js";

/** One queue for all tasks of the service, which share its messages. */
export const QUEUE = "catalog.orders";
/** Where what nobody can understand waits for a person. */
export const DEAD_LETTERS = "catalog.orders.dead";
const PREFETCH = 10;
/** Before a message that could not be handled is asked for again, e.g. while the database is away. */
const RETRY_PAUSE_MS = 1_000;

export class OrderConsumer {
  readonly #store: Pick<ProductStore, "take">;
  readonly #cache: Pick<Cache, "forget">;
  readonly #logger: Logger;
  readonly #underWay = new Set<Promise<void>>();
  #stopping = false;
  #cancel = async (): Promise<void> => {};

  constructor(store: Pick<ProductStore, "take">, cache: Pick<Cache, "forget">, logger: Logger) {
    this.#store = store;
    this.#cache = cache;
    this.#logger = logger;
  }

  /** Declares the queues and begins to consume. Called with each new channel. */
  attach = async (channel: ConfirmChannel): Promise<void> => {
    await channel.assertExchange(SHOP_EXCHANGE, "topic", { durable: true });
    await channel.assertQueue(DEAD_LETTERS, { durable: true });
    await channel.assertQueue(QUEUE, {
      durable: true,
      deadLetterExchange: "",
      deadLetterRoutingKey: DEAD_LETTERS,
    });
    await channel.bindQueue(QUEUE, SHOP_EXCHANGE, ORDER_PLACED);
    await channel.prefetch(PREFETCH);
    if (this.#stopping) return;
    const { consumerTag } = await channel.consume(QUEUE, (message) => {
      // The broker has ended the subscription, e.g. because somebody deleted the queue: begin anew, on a new connection.
      if (message === null) return void channel.close().catch(() => undefined);
      const work = this.#handle(channel, message).finally(() => this.#underWay.delete(work));
      this.#underWay.add(work);
    });
    this.#cancel = async () => {
      // On a channel that has closed in the meantime, nothing comes any more.
      await channel.cancel(consumerTag).catch(() => undefined);
    };
    if (this.#stopping) await this.#cancel();
  };

  /** Has the broker send nothing more, and finishes what it has sent: other tasks take the rest, at once. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#cancel();
    await Promise.all(this.#underWay);
  }

  async #handle(channel: ConfirmChannel, message: ConsumeMessage): Promise<void> {
    const event = parseOrderPlaced(message.content);
    if (typeof event === "string") {
      this.#logger.error({ reason: event, message_id: String(message.properties.messageId) }, "event_refused");
      settle(() => channel.nack(message, false, false));
      return;
    }
    const fields = { event_id: event.eventId, order_id: event.orderId };
    try {
      const result = await this.#store.take(event);
      if (result.outcome === "taken") {
        await this.#cache.forget([LIST_KEY, ...event.items.map(({ productId }) => productKey(productId))]);
        if (result.shortages.length > 0) this.#logger.warn({ ...fields, shortages: result.shortages }, "stock_short");
      }
      this.#logger.info({ ...fields, outcome: result.outcome }, "order_handled");
      settle(() => channel.ack(message));
    } catch (error) {
      this.#logger.warn({ ...fields, reason: errorLine(error) }, "order_postponed");
      await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS));
      settle(() => channel.nack(message, false, true));
    }
  }
}

/** On a channel that has closed in the meantime, the broker has taken the message back already. */
function settle(answer: () => void): void {
  try {
    answer();
  } catch {
    // See above.
  }
}
