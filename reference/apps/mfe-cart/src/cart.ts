// What is in the cart, as plain values: each function returns a new list of lines.

import type { CartEntry, OrderLine } from "@reference-shop/mfe-contract";

export interface CartLine extends CartEntry {
  /** From 1 to MAX_QUANTITY. */
  readonly quantity: number;
}

export type Lines = readonly CartLine[];

export const MAX_QUANTITY = 99;

/** One more of it. A price that changed since replaces the old one. */
export function add(lines: Lines, entry: CartEntry): Lines {
  const { productId, name, priceCents, currency } = entry;
  const present = lines.find((line) => line.productId === productId);
  const quantity = Math.min((present?.quantity ?? 0) + 1, MAX_QUANTITY);
  const line: CartLine = { productId, name, priceCents, currency, quantity };
  if (present === undefined) return [...lines, line];
  return lines.map((old) => (old === present ? line : old));
}

/** A quantity below 1 takes the line out. */
export function setQuantity(lines: Lines, productId: string, quantity: number): Lines {
  if (quantity < 1) return lines.filter((line) => line.productId !== productId);
  const limited = Math.min(quantity, MAX_QUANTITY);
  return lines.map((line) => (line.productId === productId ? { ...line, quantity: limited } : line));
}

export function pieces(lines: Lines): number {
  return lines.reduce((sum, { quantity }) => sum + quantity, 0);
}

/** Cents by currency: amounts of two currencies can't be added. */
export function totals(lines: Lines): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { currency, priceCents, quantity } of lines) {
    sums.set(currency, (sums.get(currency) ?? 0) + priceCents * quantity);
  }
  return sums;
}

/** What the order says. Prices are none of it: the shop decides them. */
export function orderLines(lines: Lines): readonly OrderLine[] {
  return lines.map(({ productId, quantity }) => ({ productId, quantity }));
}
