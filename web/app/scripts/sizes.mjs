// What the reader's browser has to fetch: gzip bytes of the JavaScript of the first page, and of all pages.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const dist = new URL("../../../src/andiron/server/pages/dist/", import.meta.url).pathname;
const size = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length;
const scripts = readdirSync(join(dist, "assets"))
  .filter((name) => name.endsWith(".js"))
  .map((name) => `assets/${name}`);

/** The chunk and all that it imports at once. */
function withImports(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(join(dist, file), "utf8");
  for (const [, name] of text.matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g)) withImports(`assets/${name}`, seen);
  return seen;
}

const entry = /src="\.\/(assets\/[^"]+\.js)"/.exec(readFileSync(join(dist, "index.html"), "utf8"))[1];
const first = withImports(entry);
for (const name of scripts) if (/LivePage/.test(name)) withImports(name, first);
const sum = (files) => [...files].reduce((total, file) => total + size(file), 0);
console.log(
  JSON.stringify(
    { first: sum(first), all: sum(scripts), files: Object.fromEntries(scripts.map((file) => [file, size(file)])) },
    null,
    2,
  ),
);
