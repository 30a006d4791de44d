// What the shell and the micro-frontends agree on. Types alone: nothing of this is in any bundle, so each part is
// released without the others. A change must be one that the parts already in production can live with.

/** A product as it was when it was put into the cart. */
export interface CartEntry {
  readonly productId: string;
  readonly name: string;
  readonly priceCents: number;
  /** ISO 4217. */
  readonly currency: string;
}

export interface OrderLine {
  readonly productId: string;
  readonly quantity: number;
}

export interface PlacedOrder {
  readonly id: string;
  readonly items: readonly OrderLine[];
}

/** What every micro-frontend's element has. */
interface RemoteElement extends HTMLElement {
  /** The release of the micro-frontend, for the shell's footer. */
  readonly version: string;
}

/** `<shop-catalog>`, by the module that /mfe/catalog/manifest.json names. Dispatches `shop:cart-add`. */
export interface CatalogElement extends RemoteElement {
  /** Whether there is a cart to add to. False at first; set by the shell. */
  canAdd: boolean;
  /** Reads the stock of these products again until it has changed, within a bound. */
  orderPlaced(items: readonly OrderLine[]): void;
}

/** `<shop-cart>`, by the module that /mfe/cart/manifest.json names. Dispatches `shop:cart-changed` and `shop:order-placed`. */
export interface CartElement extends RemoteElement {
  add(entry: CartEntry): void;
  /** How many pieces are in the cart. */
  readonly pieces: number;
}

/** Events that micro-frontends dispatch on their own element. They bubble; the shell listens. */
export interface ShopEvents {
  "shop:cart-add": CustomEvent<CartEntry>;
  "shop:cart-changed": CustomEvent<{ readonly pieces: number }>;
  "shop:order-placed": CustomEvent<PlacedOrder>;
}

declare global {
  interface HTMLElementEventMap extends ShopEvents {}

  interface HTMLElementTagNameMap {
    "shop-catalog": CatalogElement;
    "shop-cart": CartElement;
  }
}
