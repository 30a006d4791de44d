// <shop-cart>: shows the items, places the order, and says what became of it.

import type { CartElement, CartEntry, PlacedOrder, ShopEvents } from "@reference-shop/mfe-contract";
import { html, LitElement, nothing, type TemplateResult } from "lit";

import { CartStore, EMPTY, STORAGE_KEY, type CartState } from "./cart-store.js";
import { add, MAX_QUANTITY, orderLines, pieces, setQuantity, totals, type CartLine, type Lines } from "./cart.js";
import { placeOrder } from "./order-client.js";
import { styles } from "./styles.js";

type Phase =
  | { readonly name: "editing" }
  | { readonly name: "sending" }
  /** Not known whether it was placed; also after a reload in the middle of one. */
  | { readonly name: "unsettled" }
  | { readonly name: "refused"; readonly reason: string }
  | { readonly name: "placed"; readonly order: PlacedOrder };

export class ShopCart extends LitElement implements CartElement {
  static override readonly styles = styles;
  static override readonly properties = {
    state: { state: true },
    phase: { state: true },
    announcement: { state: true },
  };

  declare private state: CartState;
  declare private phase: Phase;
  declare private announcement: string;

  readonly version = __VERSION__;
  readonly #store = new CartStore({
    // Looked up with each use: where storage is switched off, the mere mention of it throws.
    getItem: (key) => localStorage.getItem(key),
    setItem: (key, value) => localStorage.setItem(key, value),
  });

  constructor() {
    super();
    this.announcement = "";
    this.state = this.#store.load();
    this.phase = phaseOf(this.state);
  }

  get pieces(): number {
    return pieces(this.state.lines);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("storage", this.#onStorage);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("storage", this.#onStorage);
  }

  add(entry: CartEntry): void {
    if (this.locked) {
      this.announcement = "The cart can’t be changed before its order is settled.";
      return;
    }
    this.change(add(this.state.lines, entry));
    this.announcement = `${entry.name} added. ${count(this.pieces)} in the cart.`;
  }

  private get locked(): boolean {
    return this.phase.name === "sending" || this.phase.name === "unsettled";
  }

  /** Another tab of this browser changed the cart, which is the same one. */
  readonly #onStorage = ({ key }: StorageEvent): void => {
    if (key !== STORAGE_KEY || this.phase.name === "sending") return;
    this.state = this.#store.load();
    this.phase = phaseOf(this.state);
    this.tellPieces();
  };

  private change(lines: Lines): void {
    this.phase = { name: "editing" };
    this.keep({ lines, pendingKey: null });
  }

  private keep(state: CartState): void {
    this.state = state;
    this.#store.save(state);
    this.tellPieces();
  }

  private tellPieces(): void {
    this.tell("shop:cart-changed", { pieces: this.pieces });
  }

  private tell<Name extends keyof ShopEvents>(name: Name, detail: ShopEvents[Name]["detail"]): void {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
  }

  private changeQuantity({ productId, name }: CartLine, quantity: number): void {
    this.change(setQuantity(this.state.lines, productId, quantity));
    this.announcement = quantity < 1 ? `${name} removed.` : `${name}: ${quantity}.`;
    // The button that had the focus may be gone with its line.
    if (quantity < 1) void this.focusHeading();
  }

  private async order(): Promise<void> {
    const { lines } = this.state;
    const key = this.state.pendingKey ?? crypto.randomUUID();
    // Kept before it is sent: a page that dies in between must not order again under another key.
    this.keep({ lines, pendingKey: key });
    this.phase = { name: "sending" };
    this.announcement = "Placing the order …";

    const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
    const result = await placeOrder({ fetch, wait }, key, orderLines(lines));

    this.announcement = "";
    switch (result.outcome) {
      case "placed":
        this.keep(EMPTY);
        this.phase = { name: "placed", order: result.order };
        this.tell("shop:order-placed", result.order);
        break;
      case "refused":
        this.keep({ lines, pendingKey: null });
        this.phase = { name: "refused", reason: result.reason };
        break;
      case "unknown":
        this.phase = { name: "unsettled" };
        break;
    }
    await this.focusHeading();
  }

  private startOver(): void {
    this.change([]);
    this.announcement = "The cart is empty.";
    void this.focusHeading();
  }

  /** Where the focused control went away, the keyboard goes on from the heading and not from the page's top. */
  private async focusHeading(): Promise<void> {
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>("h2")?.focus();
  }

  protected override render(): TemplateResult {
    const { lines } = this.state;
    return html`
      <h2 tabindex="-1">Cart</h2>
      <p class="announcement" role="status">${this.announcement}</p>
      ${this.renderOutcome()}
      ${lines.length > 0 ? this.renderLines(lines) : this.phase.name === "placed" ? nothing : renderEmpty()}
    `;
  }

  private renderOutcome(): TemplateResult | typeof nothing {
    switch (this.phase.name) {
      case "placed":
        return html`
          <div class="notice good" role="status">
            <p><strong>Thank you. Your order is placed.</strong></p>
            <p>Order <code data-order-id=${this.phase.order.id}>${this.phase.order.id}</code></p>
          </div>
        `;
      case "refused":
        return html`
          <div class="notice bad" role="alert">
            <p><strong>The order was not placed.</strong></p>
            <p>${this.phase.reason}</p>
          </div>
        `;
      case "unsettled":
        return html`
          <div class="notice bad" role="alert">
            <p><strong>We can’t tell yet whether your order was placed.</strong></p>
            <p>Try again: it is placed once, however often you try.</p>
            <button type="button" class="quiet" @click=${this.startOver}>Empty the cart instead</button>
          </div>
        `;
      default:
        return nothing;
    }
  }

  private renderLines(lines: Lines): TemplateResult {
    const sending = this.phase.name === "sending";
    const retry = this.phase.name === "unsettled";
    return html`
      <ul>${lines.map((line) => this.renderLine(line))}</ul>
      <p class="total"><span>Total, ${count(pieces(lines))}</span> <span class="amount">${amounts(lines)}</span></p>
      <button type="button" class="order" ?disabled=${sending} @click=${this.order}>
        ${sending ? "Placing the order …" : retry ? "Try again" : "Place order"}
      </button>
    `;
  }

  private renderLine(line: CartLine): TemplateResult {
    const { name, priceCents, currency, quantity } = line;
    return html`
      <li>
        <span class="name">${name}</span>
        <span class="amount">${money(priceCents * quantity, currency)}</span>
        <div class="quantity" role="group" aria-label="Quantity of ${name}">
          <button
            type="button"
            aria-label=${quantity === 1 ? `Remove ${name}` : `One ${name} less`}
            ?disabled=${this.locked}
            @click=${() => this.changeQuantity(line, quantity - 1)}
          >
            −
          </button>
          <span>${quantity}</span>
          <button
            type="button"
            aria-label="One ${name} more"
            ?disabled=${this.locked || quantity >= MAX_QUANTITY}
            @click=${() => this.changeQuantity(line, quantity + 1)}
          >
            +
          </button>
        </div>
      </li>
    `;
  }
}

function phaseOf({ pendingKey }: CartState): Phase {
  return { name: pendingKey === null ? "editing" : "unsettled" };
}

function renderEmpty(): TemplateResult {
  return html`<p class="empty">Nothing in it yet.</p>`;
}

function count(number: number): string {
  return number === 1 ? "1 piece" : `${number} pieces`;
}

function amounts(lines: Lines): string {
  return [...totals(lines)].map(([currency, cents]) => money(cents, currency)).join(" + ");
}

function money(cents: number, currency: string): string {
  return new Intl.NumberFormat("en", { style: "currency", currency }).format(cents / 100);
}
