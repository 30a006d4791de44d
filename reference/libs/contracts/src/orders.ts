// Orders, as the front end places them, and the event that tells of each one.

import { Type, type Static } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";

import { ProductId } from "./products.js";

export const OrderItem = Type.Object(
  { productId: ProductId, quantity: Type.Integer({ minimum: 1, maximum: 1000 }) },
  { additionalProperties: false },
);
export type OrderItem = Static<typeof OrderItem>;

/** Body of `POST /api/orders`. Prices are none of the client's: they come from the catalogue. */
export const OrderRequest = Type.Object(
  {
    items: Type.Array(OrderItem, { minItems: 1, maxItems: 50 }),
    /** For whoever packs the order. Since release 2. */
    note: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  },
  { additionalProperties: false },
);
export type OrderRequest = Static<typeof OrderRequest>;

/** Answer to `POST /api/orders` and `GET /api/orders/:id`. */
export const Order = Type.Object({
  id: Type.String(),
  status: Type.Literal("placed"),
  items: Type.Array(OrderItem),
  /** ISO 8601, UTC. */
  placedAt: Type.String(),
  /** Absent where none was given. Since release 2. */
  note: Type.Optional(Type.String()),
});
export type Order = Static<typeof Order>;

/** Durable topic exchange on which every event of the shop is published. */
export const SHOP_EXCHANGE = "shop";
/** Routing key of {@link OrderPlaced}. */
export const ORDER_PLACED = "order.placed";

/** Delivered at least once: `eventId` tells a repetition. Readers ignore what they do not know. */
export const OrderPlaced = Type.Object({
  eventId: Type.String({ minLength: 1, maxLength: 64 }),
  orderId: Type.String({ minLength: 1, maxLength: 64 }),
  placedAt: Type.String(),
  items: Type.Array(Type.Object({ productId: ProductId, quantity: Type.Integer({ minimum: 1 }) }), { minItems: 1 }),
});
export type OrderPlaced = Static<typeof OrderPlaced>;

const compiled = TypeCompiler.Compile(OrderPlaced);

/** Reads an event's content, or says in one line why it is none. */
export function parseOrderPlaced(content: Uint8Array): OrderPlaced | string {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch {
    return "not JSON in UTF-8";
  }
  if (compiled.Check(value)) return value;
  const error = compiled.Errors(value).First();
  return `${error?.path || "/"}: ${error?.message ?? "unexpected"}`;
}
