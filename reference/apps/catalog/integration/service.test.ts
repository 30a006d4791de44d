// The service as the platform sees it.

import { serviceContract } from "@reference-shop/testing";

import { MAIN, RABBITMQ_URL, REDIS_URL } from "./support/catalog.js";

serviceContract({
  main: MAIN,
  dependencies: [
    { variable: "RABBITMQ_URL", url: RABBITMQ_URL, name: "rabbitmq", essential: true },
    { variable: "REDIS_URL", url: REDIS_URL, name: "redis", essential: false },
  ],
  readPath: async () => "/api/products/tea-green",
});
