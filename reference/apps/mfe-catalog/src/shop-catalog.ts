// <shop-catalog>: the products with price and stock, each with a button that asks the page to add it to the cart.

import type { CatalogElement, OrderLine, ShopEvents } from "@reference-shop/mfe-contract";
import { html, LitElement, nothing, type TemplateResult } from "lit";

import { readProducts, type Product } from "./products.js";
import { watchStock } from "./stock-watch.js";
import { styles } from "./styles.js";

/** From this stock down the number is shown as a warning. */
const LOW_STOCK = 5;

export class ShopCatalog extends LitElement implements CatalogElement {
  static override readonly styles = styles;
  static override readonly properties = {
    canAdd: { attribute: false },
    products: { state: true },
    phase: { state: true },
    changed: { state: true },
    announcement: { state: true },
  };

  declare canAdd: boolean;
  declare private products: readonly Product[];
  declare private phase: "loading" | "shown" | "failed";
  /** Products whose stock changed since it was last announced. */
  declare private changed: ReadonlySet<string>;
  declare private announcement: string;

  readonly version = __VERSION__;
  /** Counts readings and watches: an answer that was overtaken by a later one is dropped. */
  private turn = 0;

  constructor() {
    super();
    this.canAdd = false;
    this.products = [];
    this.phase = "loading";
    this.changed = new Set();
    this.announcement = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.turn += 1;
  }

  orderPlaced(items: readonly OrderLine[]): void {
    void this.followStock(items.map(({ productId }) => productId));
  }

  private async load(): Promise<void> {
    this.turn += 1;
    const { turn } = this;
    this.phase = "loading";
    try {
      const products = await readProducts(fetch);
      if (turn !== this.turn) return;
      this.products = products;
      this.phase = "shown";
    } catch {
      if (turn === this.turn) this.phase = "failed";
    }
  }

  private async followStock(productIds: readonly string[]): Promise<void> {
    this.turn += 1;
    const { turn } = this;
    const before = this.products;
    this.announcement = "Updating the stock …";
    const done = await watchStock({
      productIds,
      before,
      read: () => readProducts(fetch),
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      onProducts: (products) => {
        if (turn !== this.turn) return;
        const old = new Map(before.map(({ id, stock }) => [id, stock]));
        this.products = products;
        this.phase = "shown";
        this.changed = new Set(products.filter(({ id, stock }) => old.get(id) !== stock).map(({ id }) => id));
      },
    });
    if (turn !== this.turn) return;
    this.announcement = done ? "The stock is up to date." : "The stock will take a moment longer to be up to date.";
  }

  private add({ id, name, priceCents, currency }: Product): void {
    const event: ShopEvents["shop:cart-add"] = new CustomEvent("shop:cart-add", {
      bubbles: true,
      composed: true,
      detail: { productId: id, name, priceCents, currency },
    });
    this.dispatchEvent(event);
  }

  private async retry(): Promise<void> {
    await this.load();
    await this.updateComplete;
    // The button that had the focus is gone; without this, the keyboard would start again at the top of the page.
    if (this.phase === "shown") this.renderRoot.querySelector<HTMLElement>("h2")?.focus();
  }

  protected override render(): TemplateResult {
    return html`
      <header>
        <h2 tabindex="-1">Products</h2>
        <p class="announcement" role="status">${this.announcement}</p>
      </header>
      ${this.phase === "failed" ? this.renderFailure() : this.renderProducts()}
    `;
  }

  private renderFailure(): TemplateResult {
    return html`
      <div class="notice" role="alert">
        <p>The products can’t be read right now.</p>
        <button type="button" @click=${this.retry}>Try again</button>
      </div>
    `;
  }

  private renderProducts(): TemplateResult {
    if (this.phase === "loading" && this.products.length === 0) {
      return html`<p class="quiet" role="status">Reading the products …</p>`;
    }
    if (this.products.length === 0) return html`<p class="quiet">Nothing is on sale right now.</p>`;
    return html`<ul>${this.products.map((product, index) => this.renderProduct(product, index))}</ul>`;
  }

  private renderProduct(product: Product, index: number): TemplateResult {
    const { id, name, priceCents, currency, stock } = product;
    const soldOut = stock === 0;
    const level = soldOut ? "out" : stock <= LOW_STOCK ? "low" : "good";
    return html`
      <li data-product-id=${id}>
        <div class="picture tone-${index % 5}" aria-hidden="true">${initials(name)}</div>
        <h3>${name}</h3>
        <p class="price">${money(priceCents, currency)}</p>
        <p class="stock ${level} ${this.changed.has(id) ? "changed" : ""}" data-stock=${stock}>
          ${soldOut ? "Sold out" : html`${stock} in stock`}
        </p>
        <button
          type="button"
          ?disabled=${soldOut || !this.canAdd}
          aria-label="Add to cart: ${name}"
          title=${this.canAdd ? nothing : "The cart is not available right now"}
          @click=${() => this.add(product)}
        >
          Add to cart
        </button>
      </li>
    `;
  }
}

function initials(name: string): string {
  return name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => word.slice(0, 1).toUpperCase())
    .join("");
}

function money(cents: number, currency: string): string {
  return new Intl.NumberFormat("en", { style: "currency", currency }).format(cents / 100);
}
