import fc from "fast-check";
import { expect, test } from "vitest";
import { readable } from "./statement";

test("clauses stand on lines of their own, texts stay whole", () => {
  expect(
    readable(
      "SELECT a, b FROM items LEFT JOIN prices ON prices.id = items.price WHERE name = 'made FROM wood' ORDER BY a LIMIT 3",
    ),
  ).toBe(
    "SELECT a, b\nFROM items\nLEFT JOIN prices ON prices.id = items.price\nWHERE name = 'made FROM wood'\nORDER BY a\nLIMIT 3",
  );
});

test("what is short, or was written on lines, stays", () => {
  expect(readable("SELECT 1 FROM t")).toBe("SELECT 1 FROM t");
  const written = `SELECT a\n  FROM t WHERE ${"x".repeat(80)}`;
  expect(readable(written)).toBe(written);
});

test("nothing but white space changes", () => {
  const bare = (text: string) => text.replace(/\s+/g, " ");
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom("SELECT", "FROM", "WHERE", "a_long_name", "'it''s FROM'", "JOIN", "LEFT JOIN", "SET", "x"),
        {
          minLength: 12,
        },
      ),
      (words) => {
        expect(bare(readable(words.join(" ")))).toBe(words.join(" "));
      },
    ),
  );
});
