// An order, and what a client has to send to place one.

export interface OrderItem {
  readonly sku: string;
  readonly quantity: number;
}

/** What the client decides. Prices are none of it: they come from the catalogue, never from a caller. */
export interface OrderDraft {
  readonly customerId: string;
  readonly items: readonly OrderItem[];
}

export interface Order extends OrderDraft {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly placedAt: string;
}

/** A draft that breaks a rule; `message` is fit for the client. */
export class InvalidDraft extends Error {
  override readonly name = "InvalidDraft";

  constructor(
    /** Path of the culprit, e.g. `items[0].quantity`. */
    readonly field: string,
    got: unknown,
    expected: string,
  ) {
    super(`${field}: got ${describe(got)}, expected ${expected}`);
  }
}

const MAX_ITEMS = 50;
const MAX_QUANTITY = 1_000;
const CUSTOMER_ID = /^[A-Za-z0-9_-]{1,40}$/;
const SKU = /^[A-Z0-9][A-Z0-9-]{0,39}$/;

/**
 * Checks what a client sent. Returns a fresh object that holds the known fields alone, always in the same order.
 *
 * @throws InvalidDraft for the first rule that is broken
 */
export function parseDraft(value: unknown): OrderDraft {
  const { customerId, items } = fieldsOf("body", value, ["customerId", "items"]);
  if (!isText(customerId, CUSTOMER_ID)) {
    throw new InvalidDraft("customerId", customerId, "1 to 40 letters, digits, _ or -");
  }
  if (!Array.isArray(items) || items.length === 0 || items.length > MAX_ITEMS) {
    throw new InvalidDraft("items", items, `an array of 1 to ${MAX_ITEMS} items`);
  }
  return { customerId, items: items.map((item, index) => parseItem(`items[${index}]`, item)) };
}

function parseItem(path: string, value: unknown): OrderItem {
  const { sku, quantity } = fieldsOf(path, value, ["sku", "quantity"]);
  if (!isText(sku, SKU)) {
    throw new InvalidDraft(`${path}.sku`, sku, "1 to 40 capitals, digits or -, not starting with -");
  }
  if (!isInteger(quantity) || quantity < 1 || quantity > MAX_QUANTITY) {
    throw new InvalidDraft(`${path}.quantity`, quantity, `an integer from 1 to ${MAX_QUANTITY}`);
  }
  return { sku, quantity };
}

function fieldsOf(path: string, value: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InvalidDraft(path, value, `an object with ${known.join(" and ")}`);
  }
  // A misspelt optional field that is ignored is found in production; one that is refused is found at once.
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new InvalidDraft(path, { [unknown]: null }, `no fields but ${known.join(" and ")}`);
  }
  return { ...value };
}

function isText(value: unknown, pattern: RegExp): value is string {
  return typeof value === "string" && pattern.test(value);
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}

/** Names a value without repeating more than a few characters of it. */
function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) {
    const keys = Object.keys(value).slice(0, 3).map((key) => JSON.stringify(key.slice(0, 40)));
    return keys.length === 0 ? "an empty object" : `an object with ${keys.join(", ")}`;
  }
  const text = JSON.stringify(value);
  return text.length <= 50 ? text : `a string of ${text.length - 2} characters`;
}
