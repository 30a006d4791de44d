// Builds the catalog micro-frontend: one ES module with a hashed name, and the manifest that names it.

import { defineConfig } from "vite";

import manifest from "./package.json" with { type: "json" };

export default defineConfig({
  base: "/mfe/catalog/",
  define: { __VERSION__: JSON.stringify(manifest.version) },
  build: {
    manifest: "manifest.json",
    // The shell imports it by a plain import(): there is nothing to preload.
    modulePreload: false,
    rolldownOptions: {
      input: "src/main.ts",
      output: { codeSplitting: false },
    },
  },
});
