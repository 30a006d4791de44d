// The micro-frontend's one entry: importing it defines the element.

import { ShopCatalog } from "./shop-catalog.js";

customElements.define("shop-catalog", ShopCatalog);
