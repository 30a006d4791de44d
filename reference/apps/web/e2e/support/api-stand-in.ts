// A stand-in for the API of orders and catalog, in memory: for runs without BASE_URL, and for nothing else.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

interface Item {
  readonly productId: string;
  readonly quantity: number;
}

/** The real stock follows by way of a queue. */
const STOCK_FOLLOWS_AFTER_MS = 300;

const PRODUCTS: readonly (readonly [name: string, priceCents: number, stock: number])[] = [
  ["Assam Breakfast Tea", 890, 42],
  ["Darjeeling First Flush", 1650, 4],
  ["Jasmine Pearls", 1490, 18],
  ["Peppermint Leaves", 590, 0],
  ["Cast Iron Teapot, 0.8 l", 6900, 7],
  ["Bamboo Whisk", 1250, 25],
];

export interface Running {
  readonly url: string;
  readonly close: () => void;
}

export async function startApiStandIn(): Promise<Running> {
  const products = PRODUCTS.map(([name, priceCents, stock], index) => {
    return { id: `p-${index + 1}`, name, priceCents, currency: "EUR", stock };
  });
  const ordersByKey = new Map<string, object>();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const send = (status: number, body: object): void => {
      const type = status < 400 ? "application/json" : "application/problem+json";
      response.writeHead(status, { "content-type": type, "x-app-version": "stand-in" }).end(JSON.stringify(body));
    };
    const route = `${request.method} ${request.url}`;
    if (route === "GET /api/products") return send(200, { products });
    if (route !== "POST /api/orders") return send(404, { title: "Not Found", status: 404 });

    const key = String(request.headers["idempotency-key"]);
    const { items } = (await json(request)) as { readonly items: readonly Item[] };
    const known = ordersByKey.get(key);
    if (known !== undefined) return send(200, known);
    const order = { id: randomUUID(), status: "placed", items, placedAt: new Date().toISOString() };
    ordersByKey.set(key, order);
    setTimeout(() => {
      for (const product of products) {
        const ordered = items.find(({ productId }) => productId === product.id)?.quantity ?? 0;
        product.stock = Math.max(0, product.stock - ordered);
      }
    }, STOCK_FOLLOWS_AFTER_MS);
    return send(201, order);
  }

  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
