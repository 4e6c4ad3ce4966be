import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { asCurl, asPython, fileName, python, rowsAlone, shell, tableOf } from "./exports";
import { exactly, resultOf } from "./result";

const NOW = new Date("2026-11-21T12:04:31.204Z");

test("a file is called after the project, the table and the time", () => {
  expect(fileName("SELECT 1 FROM records", "Shop / one", "csv", NOW)).toBe(
    "andiron-shop-one-records-20261121-120431.csv",
  );
  expect(fileName("SELECT 1", "", "parquet", NOW)).toBe("andiron-result-20261121-120431.parquet");
});

test("its name has letters that every file system takes", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (sql, project) => {
      expect(fileName(sql, project, "json", NOW)).toMatch(/^[a-z0-9-]+\.json$/);
    }),
  );
});

test("the first table is the one that is read", () => {
  expect(tableOf('SELECT 1 FROM (SELECT * FROM "Other"."Metrics") AS m')).toBe("Metrics");
});

test("rows alone are as the server wrote them", async () => {
  expect(await rowsAlone('{"data":[{"n": 9223372036854775807}]}').text()).toBe('[{"n": 9223372036854775807}]\n');
});

test("the shell reads what was written", () => {
  const text = `it's "$HOME" \`x\` \\ \n end`;
  expect(execFileSync("sh", ["-c", `printf %s ${shell(text)}`], { encoding: "utf8" })).toBe(text);
});

test("curl and Python ask the same question", () => {
  const question = { sql: "SELECT 'a'", min_timestamp: "2026-01-01T00:00:00.000Z", limit: 10, timezone: "UTC" };
  expect(asCurl(question)).toContain("/v2/query'");
  expect(asPython(question)).toContain('min_timestamp=datetime.fromisoformat("2026-01-01T00:00:00.000Z")');
  expect(python('a\n"b"')).toBe('"a\\n\\"b\\""');
  expect(python("a\nb")).toBe('"""\na\nb\n"""');
});

test("columns are what they hold", () => {
  const fields = [
    { name: "t", data_type: { Timestamp: ["Microsecond", "UTC"] } },
    { name: "n", data_type: "UInt64" },
    { name: "attributes", data_type: "Utf8" },
    { name: "nothing", data_type: "Null" },
  ];
  const data = [{ t: "2026-01-01T00:00:00Z", n: 1, attributes: { a: 1 } }];
  const result = resultOf({ schema: { fields }, data }, 100, 0);
  expect(result.columns.map((column) => column.sort)).toEqual(["time", "number", "json", "text"]);
  expect(result.rows).toEqual([["2026-01-01T00:00:00Z", 1, { a: 1 }, null]]);
});

test("numbers that a double holds are numbers, and texts are left alone", () => {
  expect(exactly('{"a":1,"b":"12345678901234567890","c":1.5}')).toEqual({ a: 1, b: "12345678901234567890", c: 1.5 });
});
