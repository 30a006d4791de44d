// The shop as a visitor sees it, in a real browser: against BASE_URL, or against what was built here.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { Browser, Page } from "playwright-core";

import type { Running } from "./support/api-stand-in.js";
import {
  accessibilityViolations,
  overflows,
  screenshot,
  startBrowser,
  visit,
  WIDE,
  type View,
} from "./support/browser.js";
import { startSystem } from "./support/system.js";

let system: Running;
let browser: Browser;

before(async () => {
  system = await startSystem();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  system?.close();
});

const addButtons = (page: Page) => page.getByRole("button", { name: /^Add to cart: /, disabled: false });
const placedOrderId = (page: Page) => page.locator("shop-cart [data-order-id]");

/** The first product of which there are two or more, so that an order of two can be filled. */
async function pickProduct(page: Page) {
  await addButtons(page).first().waitFor();
  const stocks = await page.locator("shop-catalog li").evaluateAll((items) =>
    items.map((item) => ({
      id: (item as HTMLElement).dataset["productId"] ?? "",
      stock: Number(item.querySelector<HTMLElement>("[data-stock]")?.dataset["stock"]),
    })),
  );
  const picked = stocks.find(({ stock }) => stock >= 2);
  assert.ok(picked, `expected a product with a stock of two or more, got ${JSON.stringify(stocks)}`);
  const item = page.locator(`shop-catalog li[data-product-id="${picked.id}"]`);
  return { ...picked, item, add: item.getByRole("button") };
}

/** What the page shows as the product's stock, once it shows another one than before. */
async function stockAfter(page: Page, { id, stock }: { readonly id: string; readonly stock: number }): Promise<number> {
  const changed = page.locator(`shop-catalog li[data-product-id="${id}"] [data-stock]:not([data-stock="${stock}"])`);
  return Number(await changed.getAttribute("data-stock", { timeout: 20_000 }));
}

const VIEWS: readonly View[] = [360, 1280].flatMap((width) =>
  (["light", "dark"] as const).map((colorScheme) => ({ width, height: width === 360 ? 740 : 900, colorScheme })),
);

for (const view of VIEWS) {
  const name = `${view.width}-${view.colorScheme}`;
  test(`${name}: an order is placed, its id shown, and the stock follows`, async (t) => {
    const { page, complaints } = await visit(t, browser, system.url, view);
    const product = await pickProduct(page);
    assert.deepEqual(await accessibilityViolations(page), []);
    await screenshot(page, `${name}-1-empty`);

    await product.add.click();
    await product.add.click();
    await page.getByRole("link", { name: "Cart 2" }).click();
    assert.deepEqual(await accessibilityViolations(page), []);
    await screenshot(page, `${name}-2-cart`);

    await page.getByRole("button", { name: "Place order" }).click();
    assert.match((await placedOrderId(page).textContent()) ?? "", /^\S{1,64}$/);
    // Other visitors may order the same at the same time, from a system that is not ours alone.
    const stock = await stockAfter(page, product);
    if (process.env["BASE_URL"]) assert.ok(stock <= product.stock - 2, `${product.stock} → ${stock}`);
    else assert.equal(stock, product.stock - 2);
    await page.getByText("The stock is up to date.").waitFor();

    assert.deepEqual(await accessibilityViolations(page), []);
    assert.equal(await overflows(page), false);
    await screenshot(page, `${name}-3-placed`);
    assert.deepEqual(complaints, []);
  });
}

test("the footer says which release each part is of", async (t) => {
  const { page } = await visit(t, browser, system.url, WIDE);
  await addButtons(page).first().waitFor();
  await page.locator("shop-cart").waitFor();
  const lines = await page.getByRole("contentinfo").locator("dl > div").allTextContents();
  const parts = lines.map((line) => /^(\w+) (\d+\.\d+\.\d+\S*)$/.exec(line)?.[1]);
  assert.deepEqual(parts, ["Shell", "Catalog", "Cart"], JSON.stringify(lines));
});

test("the keyboard alone is enough, and where the focus goes it is seen", async (t) => {
  const { page, complaints } = await visit(t, browser, system.url, WIDE);
  await addButtons(page).first().waitFor();
  const tabTo = async (name: RegExp): Promise<void> => {
    for (let presses = 0; presses < 40; presses += 1) {
      await page.keyboard.press("Tab");
      const focused = await page.evaluate(() => {
        let element = document.activeElement;
        while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
        if (element === null) return { label: "", outline: "" };
        const label = element.getAttribute("aria-label") ?? element.textContent?.trim() ?? "";
        return { label, outline: getComputedStyle(element).outlineStyle };
      });
      if (!name.test(focused.label)) continue;
      assert.equal(focused.outline, "solid");
      return;
    }
    assert.fail(`no ${name} within 40 presses of Tab`);
  };
  await tabTo(/^Skip to the products$/);
  await page.keyboard.press("Enter");
  await tabTo(/^Add to cart: /);
  await page.keyboard.press("Enter");
  await tabTo(/^Place order$/);
  await page.keyboard.press("Enter");
  await placedOrderId(page).waitFor();
  assert.deepEqual(complaints, []);
});

test("an order whose answers are lost is kept over a reload, and sent again under the same key", async (t) => {
  const { page } = await visit(t, browser, system.url, WIDE);
  const product = await pickProduct(page);
  await product.add.click();

  const keys: (string | undefined)[] = [];
  await page.route("**/api/orders", async (route) => {
    keys.push(route.request().headers()["idempotency-key"]);
    await route.fetch();
    await route.abort();
  });
  await page.getByRole("button", { name: "Place order" }).click();
  await page.getByText("We can’t tell yet whether your order was placed.").waitFor({ timeout: 15_000 });
  assert.deepEqual(await accessibilityViolations(page), []);
  await screenshot(page, "unsettled");

  await page.unroute("**/api/orders");
  await page.reload();
  page.on("request", (request) => {
    if (request.method() === "POST") keys.push(request.headers()["idempotency-key"]);
  });
  const answer = page.waitForResponse("**/api/orders");
  await page.getByRole("button", { name: "Try again" }).click();
  assert.equal((await answer).status(), 200, "the order was there already");
  await placedOrderId(page).waitFor();
  assert.equal(keys.length, 5);
  assert.equal(new Set(keys).size, 1);
  assert.equal(await page.evaluate(() => localStorage.getItem("shop.cart.v1")), '{"lines":[],"pendingKey":null}');
});

test("a refused order says why, keeps the cart, and leaves it to be changed", async (t) => {
  const { page } = await visit(t, browser, system.url, WIDE);
  const product = await pickProduct(page);
  await product.add.click();
  const keys: (string | undefined)[] = [];
  await page.route("**/api/orders", (route) => {
    keys.push(route.request().headers()["idempotency-key"]);
    const problem = {
      type: "about:blank",
      title: "Unprocessable Content",
      status: 422,
      detail: "Not enough in stock.",
    };
    return route.fulfill({ status: 422, contentType: "application/problem+json", body: JSON.stringify(problem) });
  });
  await page.getByRole("button", { name: "Place order" }).click();
  await page.getByRole("alert").getByText("Not enough in stock.").waitFor();
  assert.deepEqual(await accessibilityViolations(page), []);
  await screenshot(page, "refused");

  await page.getByRole("button", { name: /^One .* more$/ }).click();
  await page.getByRole("link", { name: "Cart 2" }).waitFor();
  await page.getByRole("button", { name: "Place order" }).click();
  await page.getByRole("alert").waitFor();
  assert.equal(new Set(keys).size, 2, "another order is another key");
});

test("products that can’t be read are said to be so, and read again on demand", async (t) => {
  const context = await browser.newContext({ viewport: WIDE });
  t.after(() => context.close());
  const page = await context.newPage();
  await page.route("**/api/products", (route) => route.fulfill({ status: 503, body: "" }));
  await page.goto(system.url);
  await page.getByRole("alert").getByText("The products can’t be read right now.").waitFor();
  assert.deepEqual(await accessibilityViolations(page), []);

  await page.unroute("**/api/products");
  await page.getByRole("button", { name: "Try again" }).click();
  await addButtons(page).first().waitFor();
  const focused = () => document.activeElement?.shadowRoot?.activeElement?.textContent;
  assert.equal(await page.evaluate(focused), "Products", "the focus is not lost with the button");
});

for (const [name, other] of [
  ["catalog", "cart"],
  ["cart", "catalog"],
] as const) {
  test(`without the ${name} the page says so and lives on; it is there as soon as it can be loaded`, async (t) => {
    const context = await browser.newContext({ viewport: WIDE });
    t.after(() => context.close());
    const page = await context.newPage();
    await page.route(`**/mfe/${name}/**`, (route) => route.abort());
    await page.goto(system.url);

    await page.getByRole("heading", { name: `The ${name} is not available` }).waitFor({ timeout: 15_000 });
    await page.locator(`shop-${other}`).waitFor();
    assert.deepEqual(await accessibilityViolations(page), []);
    await screenshot(page, `without-${name}`);
    if (name === "cart") {
      await page
        .getByRole("button", { name: /^Add to cart: /, disabled: true })
        .first()
        .waitFor();
    }

    await page.unroute(`**/mfe/${name}/**`);
    await page.getByRole("button", { name: `Try again: load the ${name}` }).click();
    await addButtons(page).first().waitFor();
    await page.locator("shop-cart").waitFor();
  });
}
