import fc from "fast-check";
import { expect, test } from "vitest";
import { meaningful, tokens } from "./tokens";

test("tokens add up to the text, whatever it is", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."'\"-/*()a1. \n$::->>") })), (text) => {
      expect(
        tokens(text)
          .map((token) => token.text)
          .join(""),
      ).toBe(text);
    }),
  );
});

test("quotes and comments are wholes", () => {
  expect(meaningful("a->>'it''s' -- no 'quote'\n/* nor ' here */ \"x\"").map((token) => token.text)).toEqual([
    "a",
    "->>",
    "'it''s'",
    '"x"',
  ]);
});
