// The orders API.

import { createHash, randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

import type { Idempotency, OrderStore } from "../order-store.js";
import { InvalidDraft, parseDraft, type Order, type OrderDraft } from "../order.js";
import { HttpProblem } from "./problem.js";
import { json, type Reply } from "./reply.js";
import type { Route } from "./router.js";

/** The largest valid order is about 5 kB; the rest is room for spaces and line ends. */
export const BODY_LIMIT_BYTES = 16 * 1024;

const DEFAULT_PAGE = 20;
const LARGEST_PAGE = 100;

export function orderRoutes(store: OrderStore): readonly Route[] {
  return [
    {
      method: "POST",
      path: "/orders",
      handle: async ({ headers, readJson }) => {
        const draft = checkDraft(await readJson(BODY_LIMIT_BYTES));
        const order: Order = { id: randomUUID(), placedAt: new Date().toISOString(), ...draft };
        return place(store, order, idempotencyOf(headers, draft));
      },
    },
    {
      method: "GET",
      path: "/orders",
      handle: async ({ query }) => {
        const after = query.get("after") ?? undefined;
        const page = await store.list({ limit: pageLimit(query), after });
        if (page === undefined) {
          throw new HttpProblem(400, "invalid_query", "after: expected the value of `next` from an earlier page");
        }
        return json(200, page);
      },
    },
    {
      method: "GET",
      path: "/orders/:id",
      handle: async ({ id }) => {
        const order = await store.get(id);
        if (order === undefined) throw new HttpProblem(404, "no_such_order", "There is no order with this id.");
        return json(200, order);
      },
    },
  ];
}

async function place(store: OrderStore, order: Order, idempotency: Idempotency | undefined): Promise<Reply> {
  const result = await store.add(order, idempotency);
  switch (result.outcome) {
    case "added":
      return json(201, result.order, { location: `/orders/${result.order.id}` });
    case "replayed":
      // The same answer as the first time; the header is for whoever debugs a retry.
      return json(201, result.order, { location: `/orders/${result.order.id}`, "idempotency-replayed": "true" });
    case "key_reused":
      throw new HttpProblem(
        422,
        "idempotency_key_reused",
        "Idempotency-Key: got one that came with another order before, expected a new one for a new order",
      );
    case "full":
      throw new HttpProblem(503, "store_full", "No more orders can be kept.", { "retry-after": "60" });
  }
}

function checkDraft(value: unknown): OrderDraft {
  try {
    return parseDraft(value);
  } catch (error) {
    if (error instanceof InvalidDraft) throw new HttpProblem(400, "invalid_order", error.message);
    throw error;
  }
}

function idempotencyOf(headers: IncomingHttpHeaders, draft: OrderDraft): Idempotency | undefined {
  const key = headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key !== "string" || !/^[!-~]{1,255}$/.test(key)) {
    throw new HttpProblem(
      400,
      "invalid_idempotency_key",
      "Idempotency-Key: expected 1 to 255 visible ASCII characters without spaces",
    );
  }
  // Of the parsed draft, not of the bytes: a retry that spells the same order with other spaces is the same request.
  const fingerprint = createHash("sha256").update(JSON.stringify(draft)).digest("hex");
  return { key, fingerprint };
}

function pageLimit(query: URLSearchParams): number {
  const text = query.get("limit");
  if (text === null) return DEFAULT_PAGE;
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= LARGEST_PAGE) return limit;
  throw new HttpProblem(400, "invalid_query", `limit: expected an integer from 1 to ${LARGEST_PAGE}`);
}
