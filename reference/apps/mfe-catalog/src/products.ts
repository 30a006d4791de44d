// Products as this micro-frontend reads them from the API: only the fields that it shows, each of them checked.

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly priceCents: number;
  /** ISO 4217. */
  readonly currency: string;
  readonly stock: number;
}

const TIMEOUT_MS = 8_000;

/** @throws Error where the API doesn't answer in time, answers with an error, or with something else than products */
export async function readProducts(fetch: typeof globalThis.fetch): Promise<readonly Product[]> {
  const response = await fetch("/api/products", {
    headers: { accept: "application/json" },
    // The stock shown must be the stock that is: no answer out of the browser's cache.
    cache: "no-store",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`GET /api/products: got status ${response.status}, expected 200`);
  return parseProducts(await response.json());
}

/** @throws Error that names the first thing which is wrong; fields that aren't known are left out */
export function parseProducts(body: unknown): readonly Product[] {
  const products = isRecord(body) ? body["products"] : undefined;
  if (!Array.isArray(products)) throw new Error("products: expected an array");
  return products.map(parseProduct);
}

function parseProduct(value: unknown, index: number): Product {
  if (!isRecord(value)) throw new Error(`products[${index}]: expected an object`);
  const { id, name, priceCents, currency, stock } = value;
  if (typeof id !== "string" || id === "") throw new Error(`products[${index}].id: expected a text`);
  if (typeof name !== "string") throw new Error(`products[${index}].name: expected a text`);
  if (!isCount(priceCents)) throw new Error(`products[${index}].priceCents: expected an integer from 0`);
  // Intl throws on anything else, and would take the whole page with it.
  if (typeof currency !== "string" || !/^[A-Z]{3}$/.test(currency)) {
    throw new Error(`products[${index}].currency: expected three capitals`);
  }
  if (!isCount(stock)) throw new Error(`products[${index}].stock: expected an integer from 0`);
  return { id, name, priceCents, currency, stock };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
