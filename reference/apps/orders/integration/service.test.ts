// The service as the platform sees it.

import { serviceContract } from "@reference-shop/testing";

import { MAIN, postOrder, RABBITMQ_URL } from "./support/orders.js";

serviceContract({
  main: MAIN,
  dependencies: [{ variable: "RABBITMQ_URL", url: RABBITMQ_URL, name: "rabbitmq", essential: true }],
  readPath: async (service) => (await postOrder(service, "to-be-read")).headers.get("location") ?? "",
});
