import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const src = fileURLToPath(new URL("./src", import.meta.url));
const SDK = /node_modules\/(react|react-dom|scheduler)\//;

/** Names that the API serves: lower case, digits, dots and hyphens. */
const named = (kind: string) => (chunk: { name?: string; names?: string[] }) =>
  `assets/${(chunk.name ?? chunk.names?.[0] ?? "x").toLowerCase().replace(/\.\w+$/, "").replace(/[^a-z0-9-]+/g, "-").slice(0, 30)}-[hash]${kind}`;

export default defineConfig({
  base: "./",
  plugins: [react()],
  resolve: {
    alias: {
      "~": src,
      // @rjsf/core imports it for its tests, and it needs `eval`, which the policy of the page forbids
      "@rjsf/validator-ajv8": `${src}/form/validator.ts`,
    },
  },
  build: {
    outDir: "../chalicelib/ui",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    rollupOptions: {
      output: {
        hashCharacters: "hex",
        entryFileNames: named(".js"),
        chunkFileNames: named(".js"),
        assetFileNames: named("[extname]"),
        manualChunks: (id: string) => (SDK.test(id) ? "react" : undefined),
      },
    },
  },
  server: { proxy: { "/sedo": "http://127.0.0.1:8000" } },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    server: { deps: { inline: [/@rjsf/, /@cloudscape-design/] } },
  },
});
