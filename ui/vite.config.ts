import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const src = fileURLToPath(new URL("./src", import.meta.url));
const SDK = /node_modules\/(react|react-dom|scheduler)\/|rolldown[/\\]runtime/;
/** Small modules that many parts share: one file of them is asked for once, where each of its own would wait for a connection. */
const SHARED = /src\/(parts\/(act|dialog|difference|draft|fact|json|markdown|tabs)|cost\/money|access\/names|form\/json-input)\.|react-query\/.*\/useMutation\.|query-core\/.*\/mutationObserver\./;
const CHUNKS = {
  includeDependenciesRecursively: false,
  groups: [
    { name: "react", test: SDK },
    { name: "boot", test: /src\/(app\/boot|api\/(early|session))\.|vite\/preload-helper/ },
    { name: "frame", tags: ["$initial" as const] },
    { name: "shared", test: SHARED },
  ],
};

/** Puts what asks for the parts of an address before all else on the page. */
const bootFirst: Plugin = {
  name: "boot-first",
  transformIndexHtml: {
    order: "post",
    handler: (_, { bundle }) => {
      const boot = Object.values(bundle ?? {}).find((each) => each.type === "chunk" && each.name === "boot");
      return boot === undefined ? [] : [{ tag: "script", attrs: { type: "module", src: `./${boot.fileName}` }, injectTo: "head-prepend" }];
    },
  },
};

/** Names that the API serves: lower case, digits, dots and hyphens. */
const named = (kind: string) => (chunk: { name?: string; names?: string[] }) =>
  `assets/${(chunk.name ?? chunk.names?.[0] ?? "x").toLowerCase().replace(/\.\w+$/, "").replace(/[^a-z0-9-]+/g, "-").slice(0, 30)}-[hash]${kind}`;

export default defineConfig({
  base: "./",
  plugins: [react(), bootFirst],
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
    rolldownOptions: {
      input: { index: `${src}/../index.html`, boot: `${src}/app/boot.ts` },
      output: {
        hashCharacters: "hex",
        entryFileNames: named(".js"),
        chunkFileNames: named(".js"),
        assetFileNames: named("[extname]"),
        codeSplitting: CHUNKS,
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
