// The micro-frontend's one entry: importing it defines the element.

import { ShopCart } from "./shop-cart.js";

customElements.define("shop-cart", ShopCart);
