// Builds the shell: index.html, one script and one style sheet with hashed names.

import { defineConfig } from "vite";

import manifest from "./package.json" with { type: "json" };

export default defineConfig({
  define: { __VERSION__: JSON.stringify(process.env.APP_VERSION || manifest.version) },
  build: {
    // One script, loaded by index.html itself: there is nothing to preload.
    modulePreload: false,
    // A data: address would need a looser Content-Security-Policy.
    assetsInlineLimit: 0,
  },
});
