import fc from "fast-check";
import { expect, test } from "vitest";
import { field, hasTerm, split, term, withoutLast, withoutTerm, withTerm } from "./terms";

const API = term("service", "service_name", "api");

test("plain values stand bare, others are quoted", () => {
  expect(field("service", "api")).toBe("service:api");
  expect(field("name", "GET /items/{id}")).toBe('name:"GET /items/{id}"');
  expect(field("note", 'say "hi"')).toBe('note:"say \\"hi\\""');
  expect(field("n", 42)).toBe("n:42");
  expect(field("n", true)).toBe("n:true");
});

test("a term is added once, and takes its opposite's place", () => {
  expect(withTerm("error", API, false)).toBe("error service:api");
  expect(withTerm("error service:api", API, false)).toBe("error service:api");
  expect(withTerm("-service:api error", API, false)).toBe("error service:api");
  expect(withTerm("service:api", API, true)).toBe("-service:api");
});

test("it belongs to all of a search with OR, not to its last part", () => {
  expect(withTerm("a OR b", API, false)).toBe("(a OR b) service:api");
  expect(withTerm("(a OR b) c", API, false)).toBe("(a OR b) c service:api");
  expect(hasTerm("service:api OR b", API, false)).toBe(false);
});

test("a search in SQL gets conditions in SQL", () => {
  const q = withTerm("WHERE duration > 1 OR level = 'error'", API, true);
  expect(q).toBe("WHERE (duration > 1 OR level = 'error') AND NOT (service_name = 'api')");
  expect(hasTerm(q, API, true)).toBe(true);
  expect(withoutTerm(q, API, true)).toBe("WHERE (duration > 1 OR level = 'error')");
  expect(withTerm(q, term("tag", "tags", "it's"), false)).toBe(`${q} AND 'it''s' = ANY(tags)`);
});

test("the last term goes with the word that led to it", () => {
  expect(withoutLast("a service:api")).toBe("a");
  expect(withoutLast("a OR NOT (b c)")).toBe("a");
  expect(withoutLast('"two words"')).toBe("");
});

test("what was added can be taken away, whatever the value holds", () => {
  fc.assert(
    fc.property(fc.string(), fc.boolean(), fc.constantFrom("", "error", 'service:api -name:"a b"'), (value, out, q) => {
      const added = term("key", "key", value);
      const longer = withTerm(q, added, out);
      expect(split(longer).at(-1)).toBe(out ? `-${added.text}` : added.text);
      expect(hasTerm(longer, added, out)).toBe(true);
      expect(withoutTerm(longer, added, out)).toBe(q);
    }),
  );
});
