import fc from "fast-check";
import { expect, test } from "vitest";
import { tsv } from "./tsv";

/** As a spreadsheet reads it. */
function read(text: string): string[][] {
  const rows: string[][] = [[]];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] ?? "";
    if (quoted && letter === '"' && text[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (letter === '"' && (quoted || cell === "")) quoted = !quoted;
    else if (!quoted && (letter === "\t" || letter === "\n")) {
      rows.at(-1)?.push(cell);
      cell = "";
      if (letter === "\n") rows.push([]);
    } else cell += letter;
  }
  rows.at(-1)?.push(cell);
  return rows;
}

test("what was copied is what is pasted", () => {
  const text = fc.string({ unit: fc.constantFrom("a", '"', "\t", "\n", " ", "é") });
  fc.assert(
    fc.property(fc.array(fc.array(text, { minLength: 2, maxLength: 2 }), { minLength: 1 }), (rows) => {
      expect(read(tsv(rows))).toEqual(rows);
    }),
  );
});

test("NULL is empty, JSON is JSON, large numbers are whole", () => {
  expect(tsv([[null, { a: [1] }, 9223372036854775807n]], ["x", "y", "z"])).toBe(
    'x\ty\tz\n\t"{""a"":[1]}"\t9223372036854775807',
  );
});
