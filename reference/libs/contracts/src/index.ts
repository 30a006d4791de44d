// What crosses a boundary between parts of the shop: bodies of HTTP requests and answers, and events. Schemas for the
// programs that check, and the types that follow from them. A change here is a change for every part: only add, and only
// what may be absent.

export {
  OrderItem,
  OrderPlaced,
  OrderRequest,
  Order,
  parseOrderPlaced,
  ORDER_PLACED,
  SHOP_EXCHANGE,
} from "./orders.js";
export { Product, ProductList } from "./products.js";
