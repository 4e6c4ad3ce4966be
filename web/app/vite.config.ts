/** How the pages are built: one shell, a chunk a page, every file also compressed, into the Python package that serves them. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const DIST = "../../src/andiron/server/pages/dist";
const COMPRESSIBLE = new Set([".js", ".css", ".html", ".svg", ".json"]);

/** Writes `file.br` and `file.gz` beside each file, so that the server compresses nothing while somebody waits. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    closeBundle() {
      for (const entry of readdirSync(DIST, { recursive: true, encoding: "utf8" })) {
        const path = join(DIST, entry);
        if (!statSync(path).isFile() || !COMPRESSIBLE.has(extname(path))) continue;
        const body = readFileSync(path);
        writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }));
        writeFileSync(`${path}.br`, brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
      }
    },
  };
}

export default defineConfig({
  // Everything is found relative to the shell's <base>, so any prefix of a proxy will do.
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: DIST,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    // Tells the server which files a page needs, so that the shell names them at once.
    manifest: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  // While developing, `andiron serve` answers behind Vite.
  server: {
    proxy: {
      "/pages": { target: "http://127.0.0.1:4318", changeOrigin: true },
      "/v2": { target: "http://127.0.0.1:4318", changeOrigin: true },
    },
  },
  plugins: [compressed()],
  // One browser document for all: making one takes longer than most tests.
  test: { environment: "jsdom", isolate: false, include: ["src/**/*.test.{ts,tsx}"] },
});
