// The API under /api/orders.

import { OrderRequest } from "@reference-shop/contracts";
import { Problem } from "@reference-shop/service-kit";
import type { FastifyInstance } from "fastify";

import type { OrderStore } from "./order-store.js";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const KEY = /^[\x21-\x7e]{1,128}$/;

/** @param onPlaced called after each new order: there is something to publish */
export function orderRoutes(
  app: FastifyInstance,
  store: Pick<OrderStore, "place" | "get">,
  onPlaced: () => void,
): void {
  app.post<{ Body: OrderRequest }>("/api/orders", { schema: { body: OrderRequest } }, async (request, reply) => {
    const key = request.headers["idempotency-key"];
    if (typeof key !== "string" || !KEY.test(key)) {
      throw new Problem(
        400,
        "idempotency_key_required",
        "Send an Idempotency-Key of 1 to 128 visible ASCII characters.",
      );
    }
    const result = await store.place(request.body, key);
    if (result.outcome === "key_reused") {
      throw new Problem(422, "idempotency_key_reused", "This Idempotency-Key was used for another order.");
    }
    if (result.outcome === "placed") onPlaced();
    return reply
      .code(result.outcome === "placed" ? 201 : 200)
      .header("location", `/api/orders/${result.order.id}`)
      .send(result.order);
  });

  app.get<{ Params: { id: string } }>("/api/orders/:id", async (request) => {
    const { id } = request.params;
    const order = UUID.test(id) ? await store.get(id) : undefined;
    if (!order) throw new Problem(404, "order_not_found", "There is no such order.");
    return order;
  });
}
