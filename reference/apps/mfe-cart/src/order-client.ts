// Places an order, once, over a network that loses requests and answers.

import type { OrderLine, PlacedOrder } from "@reference-shop/mfe-contract";

export type OrderOutcome =
  | { readonly outcome: "placed"; readonly order: PlacedOrder }
  /** The shop said no: there is no order, and the cart may be changed. `reason` is fit to be shown. */
  | { readonly outcome: "refused"; readonly reason: string }
  /** No answer, or none that tells. There may be an order: only the same key and items may be sent again. */
  | { readonly outcome: "unknown" };

export interface OrderClient {
  readonly fetch: typeof globalThis.fetch;
  readonly wait: (ms: number) => Promise<void>;
}

const TIMEOUT_MS = 8_000;

/** Milliseconds before each further attempt. The key makes them harmless. */
export const RETRY_AFTER_MS = [300, 1_000, 2_500] as const;

/** A 4xx says that the request was not carried out, but for those that only say "not now". */
const NOT_NOW: readonly number[] = [408, 409, 425, 429];

/** @param key the same for each attempt at one order, in this call and in all later ones */
export async function placeOrder(
  { fetch, wait }: OrderClient,
  key: string,
  items: readonly OrderLine[],
): Promise<OrderOutcome> {
  const body = JSON.stringify({ items });
  for (const ms of [0, ...RETRY_AFTER_MS]) {
    if (ms > 0) await wait(ms);
    const result = await attempt(fetch, key, body);
    if (result.outcome !== "unknown") return result;
  }
  return { outcome: "unknown" };
}

async function attempt(fetch: typeof globalThis.fetch, key: string, body: string): Promise<OrderOutcome> {
  try {
    const response = await fetch("/api/orders", {
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/json", "idempotency-key": key },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const { status } = response;
    // 200 where an earlier attempt had placed it.
    if (status === 201 || status === 200) return { outcome: "placed", order: parseOrder(await response.json()) };
    if (status < 400 || status >= 500 || NOT_NOW.includes(status)) return { outcome: "unknown" };
    return { outcome: "refused", reason: await readReason(response) };
  } catch {
    return { outcome: "unknown" };
  }
}

/** @throws Error where it is no order: then nobody knows what was placed */
function parseOrder(value: unknown): PlacedOrder {
  const { id, items } = value as { id?: unknown; items?: unknown };
  if (typeof id !== "string" || id === "" || !Array.isArray(items)) throw new Error("expected an order");
  const lines = (items as readonly Partial<Record<keyof OrderLine, unknown>>[]).map(({ productId, quantity }) => {
    if (typeof productId !== "string" || typeof quantity !== "number") throw new Error("expected an order's items");
    return { productId, quantity };
  });
  return { id, items: lines };
}

/** The problem's own sentence (RFC 9457), or one of ours. */
async function readReason(response: Response): Promise<string> {
  const problem: unknown = await response.json().catch(() => null);
  const { detail, title } = (problem ?? {}) as { detail?: unknown; title?: unknown };
  if (typeof detail === "string" && detail !== "") return detail;
  if (typeof title === "string" && title !== "") return title;
  return `The shop answered with status ${response.status}.`;
}
