// The web service: puts the parts together.

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import { readServiceConfig, runService } from "@reference-shop/service-kit";

import { createWeb } from "./server.js";

const packageVersion: string = createRequire(import.meta.url)("#package.json").version;

await runService({
  name: "web",
  readConfig: (env) => readServiceConfig(env, packageVersion),
  start: async ({ version }, { logger, isDraining }) => ({
    app: await createWeb({
      // Beside this file, in the image as in the workspace.
      publicDir: fileURLToPath(new URL("public", import.meta.url)),
      version,
      logger,
      isDraining,
    }),
  }),
});
