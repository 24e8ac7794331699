import { defineConfig } from "vite";

/** Built by infra/dashboard.mjs. Nothing is inlined, and no address is absolute: the server writes `<base>` into the page. */
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  build: {
    target: ["chrome123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
  },
  worker: { format: "es" },
});
