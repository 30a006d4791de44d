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

byId("version-shell").textContent = __VERSION__;
void mount({
  name: "catalog",
  base: "/mfe/catalog/",
  tag: "shop-catalog",
  container: catalogPlace,
  onMounted: (element) => {
    catalog = element;
    catalog.canAdd = cart !== undefined;
    byId("version-catalog").textContent = element.version;
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
    byId("version-cart").textContent = element.version;
  },
});

function showPieces(pieces: number): void {
  const badge = byId("pieces");
  badge.textContent = String(pieces);
  badge.hidden = pieces === 0;
}

function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html: expected an element with the id ${id}`);
  return element;
}
