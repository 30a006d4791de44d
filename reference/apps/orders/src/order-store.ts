// Where orders are kept: each in one transaction with the event that tells of it.

import { createHash, randomUUID } from "node:crypto";

import { ORDER_PLACED, type Order, type OrderPlaced, type OrderRequest } from "@reference-shop/contracts";

import type { Database } from "./database.js";
import { Prisma } from "./generated/client.js";

export type PlaceResult =
  | { readonly outcome: "placed" | "replayed"; readonly order: Order }
  /** The key was used before, for something else. */
  | { readonly outcome: "key_reused" };

const WITH_ITEMS = { items: { orderBy: { position: "asc" } } } as const;

type Row = Prisma.OrderGetPayload<{ include: typeof WITH_ITEMS }>;

export class OrderStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Places an order once for each key, however often and from wherever the same request comes. */
  async place({ items, note }: OrderRequest, key: string): Promise<PlaceResult> {
    // Without a note it is what release 1 makes of the same order: the two take each other's requests for repeated.
    const asked = note === undefined ? items : { items, note };
    const fingerprint = createHash("sha256").update(JSON.stringify(asked)).digest("hex");
    const earlier = await this.#byKey(key, fingerprint);
    if (earlier) return earlier;

    const id = randomUUID();
    const placedAt = new Date();
    const event: OrderPlaced = { eventId: randomUUID(), orderId: id, placedAt: placedAt.toISOString(), items };
    const rows = items.map((item, position) => ({ ...item, position }));
    try {
      const [row] = await this.#database.$transaction([
        this.#database.order.create({
          data: {
            id,
            status: "placed",
            placedAt,
            idempotencyKey: key,
            fingerprint,
            note: note ?? null,
            items: { create: rows },
          },
          include: WITH_ITEMS,
        }),
        this.#database.outboxEvent.create({
          data: { id: event.eventId, routingKey: ORDER_PLACED, content: event, createdAt: placedAt },
        }),
      ]);
      return { outcome: "placed", order: toOrder(row) };
    } catch (error) {
      // Another request with the same key was faster: the unique index saw to it.
      const lost = error instanceof Prisma.PrismaClientKnownRequestError && error.code === "P2002";
      const winner = lost ? await this.#byKey(key, fingerprint) : undefined;
      if (winner) return winner;
      throw error;
    }
  }

  async get(id: string): Promise<Order | undefined> {
    const row = await this.#database.order.findUnique({ where: { id }, include: WITH_ITEMS });
    return row ? toOrder(row) : undefined;
  }

  async #byKey(idempotencyKey: string, fingerprint: string): Promise<PlaceResult | undefined> {
    const row = await this.#database.order.findUnique({ where: { idempotencyKey }, include: WITH_ITEMS });
    if (!row) return undefined;
    return row.fingerprint === fingerprint ? { outcome: "replayed", order: toOrder(row) } : { outcome: "key_reused" };
  }
}

function toOrder({ id, placedAt, items, note }: Row): Order {
  return {
    id,
    status: "placed",
    items: items.map(({ productId, quantity }) => ({ productId, quantity })),
    placedAt: placedAt.toISOString(),
    ...(note === null ? {} : { note }),
  };
}
