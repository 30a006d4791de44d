// The shell: gives each micro-frontend its place, passes on what they say, and shows the versions.

import type { CartElement, CatalogElement } from "@reference-shop/mfe-contract";

import { mount } from "./mount.js";

const catalogPlace = byId("catalog");
const cartPlace = byId("cart");

// Whichever comes first waits for the other one here.
let catalog: CatalogElement | undefined;
let cart: CartElement | undefined;

catalogPlace.addEventListener("shop:cart-add", ({ detail }) => cart?.add(detail));
cartPlace.addEventListener("shop:cart-changed", ({ detail }) => showPieces(detail.pieces));
cartPlace.addEventListener("shop:order-placed", ({ detail }) => catalog?.orderPlaced(detail.items));

showVersion("Shell", __VERSION__);
void mount({
  name: "catalog",
  base: "/mfe/catalog/",
  tag: "shop-catalog",
  container: catalogPlace,
  onMounted: (element) => {
    catalog = element;
    catalog.canAdd = cart !== undefined;
    showVersion("Catalog", element.version);
  },
});
void mount({
  name: "cart",
  base: "/mfe/cart/",
  tag: "shop-cart",
  container: cartPlace,
  onMounted: (element) => {
    cart = element;
    showPieces(element.pieces);
    if (catalog !== undefined) catalog.canAdd = true;
    showVersion("Cart", element.version);
  },
});

function showPieces(pieces: number): void {
  const badge = byId("pieces");
  badge.textContent = String(pieces);
  badge.hidden = pieces === 0;
}

function showVersion(part: string, version: string): void {
  const row = document.createElement("div");
  const term = document.createElement("dt");
  term.textContent = part;
  const text = document.createElement("dd");
  text.textContent = version;
  row.append(term, text);
  byId("versions").append(row);
}

function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html: expected an element with the id ${id}`);
  return element;
}
