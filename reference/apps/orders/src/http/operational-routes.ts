// What the platform asks: is it alive, may it get traffic, which version is it.

import type { Lifecycle } from "../lifecycle.js";
import { json } from "./reply.js";
import type { Route } from "./router.js";

export function operationalRoutes(lifecycle: Lifecycle, version: string): readonly Route[] {
  return [
    {
      // Liveness says nothing about dependencies: restarting this process would not mend a database.
      method: "GET",
      path: "/healthz",
      probe: true,
      handle: () => json(200, { status: "ok" }),
    },
    {
      method: "GET",
      path: "/readyz",
      probe: true,
      handle: () => json(lifecycle.phase === "ready" ? 200 : 503, { status: lifecycle.phase }),
    },
    {
      method: "GET",
      path: "/version",
      handle: () => json(200, { name: "orders", version }),
    },
  ];
}
