// Prisma without a binary engine: the schema engine runs as WebAssembly, on the same driver as the service itself.

import { PrismaPg } from "@prisma/adapter-pg";
import { defineConfig } from "prisma/config";

export default defineConfig({
  schema: "prisma/schema.prisma",
  experimental: { adapter: true },
  engine: "js",
  adapter: async () =>
    // One connection, which does not keep the process once there is nothing to do.
    new PrismaPg({ connectionString: process.env.DATABASE_URL, max: 1, allowExitOnIdle: true }),
});
