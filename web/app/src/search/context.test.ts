import fc from "fast-check";
import { expect, test } from "vitest";
import { contextOf } from "./context";

/** The caret is written as `|`. */
function at(marked: string) {
  const caret = marked.indexOf("|");
  return contextOf(marked.replace("|", ""), caret);
}

test.each([
  ["|", { at: "key", prefix: "", start: 0, end: 0 }],
  ["ser|", { at: "key", prefix: "ser", start: 0, end: 3 }],
  ["ser|vice", { at: "key", prefix: "ser", start: 0, end: 7 }],
  ["boom ser|", { at: "key", prefix: "ser", start: 5, end: 8 }],
  ["boom |", { at: "key", prefix: "", start: 5, end: 5 }],
  ["-ser|", { at: "key", prefix: "ser", start: 1, end: 4 }],
  ["(ser|", { at: "key", prefix: "ser", start: 1, end: 4 }],
  ["ser|vice:api", { at: "key", prefix: "ser", start: 0, end: 7 }],
])("a key: %s", (marked, expected) => expect(at(marked)).toEqual(expected));

test.each([
  ["service:|", { at: "value", key: "service", operator: ":", prefix: "", start: 8, end: 8 }],
  ["service:ap|", { at: "value", key: "service", operator: ":", prefix: "ap", start: 8, end: 10 }],
  ["service:ap|i x", { at: "value", key: "service", operator: ":", prefix: "ap", start: 8, end: 11 }],
  ["-service:ap|", { at: "value", key: "service", operator: ":", prefix: "ap", start: 9, end: 11 }],
  ["level:warn,er|", { at: "value", key: "level", operator: ":", prefix: "er", start: 11, end: 13 }],
  ["level:wa|,error", { at: "value", key: "level", operator: ":", prefix: "wa", start: 6, end: 8 }],
  ['name:"GET /it|', { at: "value", key: "name", operator: ":", prefix: "GET /it", start: 5, end: 13 }],
  ['name:"GET /it|ems" x', { at: "value", key: "name", operator: ":", prefix: "GET /it", start: 5, end: 17 }],
  ["duration>=1|", { at: "value", key: "duration", operator: ">=", prefix: "1", start: 10, end: 11 }],
  ["status:>=5|", { at: "value", key: "status", operator: ":>=", prefix: "5", start: 9, end: 10 }],
  ["(level:er|)", { at: "value", key: "level", operator: ":", prefix: "er", start: 7, end: 9 }],
])("a value: %s", (marked, expected) => expect(at(marked)).toEqual(expected));

test.each(['"two wo|rds"', "WHERE lev|", "where level >= 'er|"])("nothing to complete: %s", (marked) =>
  expect(at(marked)).toEqual({ at: "nothing" }),
);

test("whatever was typed, what would be replaced holds the caret and lies within the text", () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab :"\\,()->=<.é😀'.split(""), "service", "level") });
  fc.assert(
    fc.property(text, fc.nat(), (written, somewhere) => {
      const caret = somewhere % (written.length + 1);
      const found = contextOf(written, caret);
      if (found.at === "nothing") return;
      expect(found.start).toBeGreaterThanOrEqual(0);
      expect(found.start).toBeLessThanOrEqual(caret);
      expect(found.end).toBeGreaterThanOrEqual(caret);
      expect(found.end).toBeLessThanOrEqual(written.length);
    }),
  );
});
