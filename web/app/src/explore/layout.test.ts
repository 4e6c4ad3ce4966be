import fc from "fast-check";
import { expect, test } from "vitest";
import { GALLERY } from "./examples";
import { laidOut } from "./layout";
import { meaningful } from "./tokens";

const bare = (sql: string) => meaningful(sql).map((token) => token.text.toUpperCase());

test("keywords are in capitals and clauses on lines of their own", () => {
  expect(
    laidOut(
      "select service_name,count(*) as n from records where kind='span' and level>=13 and start_timestamp between a and b group by 1 order by n desc limit 5",
    ),
  ).toBe(
    [
      "SELECT service_name, count(*) AS n",
      "FROM records",
      "WHERE kind = 'span'",
      "  AND level >= 13",
      "  AND start_timestamp BETWEEN a AND b",
      "GROUP BY 1",
      "ORDER BY n DESC",
      "LIMIT 5",
    ].join("\n"),
  );
});

test("a query in brackets stands further in, and a comment stays", () => {
  expect(laidOut("with t as (select attributes->>'a b' as x from records) -- why\nselect x from t")).toBe(
    ["WITH t AS (", "  SELECT attributes->>'a b' AS x", "  FROM records", ") -- why", "SELECT x", "FROM t"].join("\n"),
  );
});

test.each(GALLERY.map((example) => [example.title, example.sql]))("%s: laid out once is laid out", (_, sql) => {
  const once = laidOut(sql);
  expect(bare(once)).toEqual(bare(sql));
  expect(laidOut(once)).toBe(once);
});

test("it says the same as before, whatever was written", () => {
  const part = fc.constantFrom(
    ..."SELECT|FROM|a|b.c|'x y'|\"Q\"|(|)|,|-|--c\n|/*d*/|1|1.5|.5|::|->>|*|AND|BETWEEN|CASE|[|]|.|count|FILTER|WHERE|;|<|>=".split(
      "|",
    ),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), fc.constantFrom(" ", "", "\n"), (parts, gap) => {
      const sql = parts.join(gap);
      expect(bare(laidOut(sql))).toEqual(bare(sql));
    }),
    { numRuns: 500 },
  );
});
