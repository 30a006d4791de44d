// Reads, with the cache and without it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ProductList } from "@reference-shop/contracts";
import { eventually, openLine, TEST_VERSION } from "@reference-shop/testing";
import { Value } from "@sinclair/typebox/value";

import { orderOf, REDIS_URL, startCatalog } from "./support/catalog.js";

test("the API of products", async (t) => {
  const line = await openLine(t, REDIS_URL);
  const { url, readyz, redis, database, stockOf, publish } = await startCatalog(t, { REDIS_URL: line.url });
  await eventually(async () =>
    assert.deepEqual(await readyz(), { status: 200, dependencies: { postgres: "ok", redis: "ok", rabbitmq: "ok" } }),
  );

  await t.test("the list is as the contract says, and seeded", async () => {
    const answer = await fetch(`${url}/api/products`);
    assert.deepEqual([answer.status, answer.headers.get("x-app-version")], [200, TEST_VERSION]);
    const body: unknown = await answer.json();
    assert.ok(Value.Check(ProductList, body), JSON.stringify(body));
    assert.ok(body.products.length >= 5);
    const one = await fetch(`${url}/api/products/${body.products[0]?.id}`);
    assert.deepEqual(await one.json(), body.products[0]);
  });

  await t.test("a product that is not there is a 404", async () => {
    for (const id of ["none", "Tea", "'; DROP TABLE products; --", "x".repeat(65)]) {
      const answer = await fetch(`${url}/api/products/${encodeURIComponent(id)}`);
      assert.equal(answer.status, 404, id);
      assert.equal(((await answer.json()) as { code: string }).code, "product_not_found", id);
    }
  });

  await t.test("reads come from the cache, for a while", async () => {
    const before = await stockOf("cup-glass");
    await database.query("UPDATE products SET stock = stock + 7 WHERE id = 'cup-glass'");
    assert.equal(await stockOf("cup-glass"), before);
    const ttl = await redis.ttl("catalog:product:cup-glass");
    assert.ok(ttl > 0 && ttl <= 30, String(ttl));
  });

  await t.test("an order makes the cache forget what it changed", async () => {
    const before = await stockOf("tea-mint");
    await fetch(`${url}/api/products`);
    await publish(orderOf([{ productId: "tea-mint", quantity: 3 }]));
    await eventually(async () => assert.equal(await stockOf("tea-mint"), before - 3));
    const { products } = (await (await fetch(`${url}/api/products`)).json()) as ProductList;
    assert.equal(products.find(({ id }) => id === "tea-mint")?.stock, before - 3);
  });

  await t.test("without Redis, reads come from the database as it is", async () => {
    await line.cut();
    await eventually(async () => {
      assert.deepEqual(await readyz(), {
        status: 200,
        dependencies: { postgres: "ok", redis: "unavailable", rabbitmq: "ok" },
      });
    });
    const before = await stockOf("tea-black");
    await publish(orderOf([{ productId: "tea-black", quantity: 2 }]));
    await eventually(async () => assert.equal(await stockOf("tea-black"), before - 2));
    await database.query("UPDATE products SET stock = stock + 7 WHERE id = 'tea-black'");
    assert.equal(await stockOf("tea-black"), before + 5);

    await line.mend();
    await eventually(async () => assert.equal((await readyz()).dependencies["redis"], "ok"));
  });
});
