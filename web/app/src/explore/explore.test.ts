import { beforeEach, expect, test } from "vitest";
import { read } from "./completion";
import { grouped } from "./examples";
import { FUNCTIONS } from "./functions";
import { added, found, MOST, type Past } from "./past";
import { fromOld } from "./schema";
import { blockOf, moved, size } from "./selection";
import { searched } from "./TableList";
import { formatOf } from "./units";
import { between, starts } from "./widths";

const past = (sql: string): Past => ({ sql, at: "2026-01-01T00:00:00Z", outcome: "ok", rows: 1, took: 0.1 });

beforeEach(() => localStorage.clear());

test("the history keeps two hundred, each query once, the latest first", () => {
  let list: Past[] = [];
  for (let index = 0; index < MOST + 20; index += 1) list = added(list, past(`SELECT ${index}`));
  list = added(list, past("SELECT 100"));
  expect(list.length).toBe(MOST);
  expect(list[0]?.sql).toBe("SELECT 100");
  expect(list.filter((each) => each.sql === "SELECT 100").length).toBe(1);
  expect(found(list, "select 21").every((each) => each.sql.includes("21"))).toBe(true);
});

test("a name in the query stands for its table", () => {
  const names = read("SELECT r.x FROM records AS r LEFT JOIN metrics m ON m.a = r.b WHERE 1 = 1");
  expect(names.get("r")).toBe("records");
  expect(names.get("m")).toBe("metrics");
  expect(names.get("records")).toBe("records");
  expect(names.has("where")).toBe(false);
});

test("names tell units", () => {
  expect(formatOf("mean_duration", "")(0.0124)).toBe("12.4 ms");
  expect(formatOf("took_ms", "")(1240)).toBe("1.24 s");
  expect(formatOf("bytes", "")(3_100_000_000)).toBe("3.1 GB");
  expect(formatOf("error_ratio", "")(0.018)).toBe("1.8 %");
  expect(formatOf("p95", "SELECT … ORDER BY duration")(0.5)).toBe("500 ms");
  expect(formatOf("p95", "SELECT … duration * 1000")(500)).toBe("500");
  expect(formatOf("requests", "")(12_400)).toBe("12.4k");
});

test("columns in sight are those between the edges", () => {
  const edges = starts([100, 50, 200]);
  expect(edges).toEqual([0, 100, 150, 350]);
  expect(between(edges, 0, 90)).toEqual([0, 1]);
  expect(between(edges, 110, 160)).toEqual([1, 3]);
  expect(between(edges, 149, 149)).toEqual([1, 2]);
  expect(between(edges, 9999, 9999)[0]).toBe(2);
});

test("keys lead through the table and never out of it", () => {
  const bounds = { rows: 10, columns: 3, page: 4, far: false };
  expect(moved({ row: 0, column: 0 }, "ArrowUp", bounds)).toEqual({ row: 0, column: 0 });
  expect(moved({ row: 8, column: 2 }, "PageDown", bounds)).toEqual({ row: 9, column: 2 });
  expect(moved({ row: 5, column: 1 }, "End", { ...bounds, far: true })).toEqual({ row: 9, column: 2 });
  expect(moved({ row: 5, column: 1 }, "x", bounds)).toBeUndefined();
  expect(size(blockOf({ from: { row: 4, column: 2 }, to: { row: 2, column: 1 } }))).toBe(6);
});

test("tables and examples are found by their words", () => {
  const tables = fromOld({
    tables: [
      {
        name: "records",
        description: "",
        schema: { trace_id: { data_type: "text", description: "32 hex digits" }, level: { data_type: "int" } },
      },
    ],
  });
  expect(searched(tables, "hex")[0]?.columns.map((column) => column.name)).toEqual(["trace_id"]);
  expect(searched(tables, "records")[0]?.columns.length).toBe(2);
  expect(searched(tables, "zebra")).toEqual([]);
  expect(grouped("slowest traces").flatMap((group) => group.examples.map((each) => each.title))).toContain(
    "The slowest traces",
  );
  expect(grouped("").length).toBeGreaterThanOrEqual(9);
});

test("each function has one signature that begins with its name", () => {
  expect(new Set(FUNCTIONS.map((each) => each.name)).size).toBe(FUNCTIONS.length);
  for (const { name, call, words } of FUNCTIONS) {
    expect(call.startsWith(`${name}(`)).toBe(true);
    expect(words).not.toBe("");
  }
});
