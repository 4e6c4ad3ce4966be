import fc from "fast-check";
import { expect, test } from "vitest";
import type { ChartSpec } from "./guess";
import { heatOf } from "./HeatChart";
import { sector, slicesOf } from "./PieChart";
import { OTHER, pivoted, SERIES } from "./pivot";
import type { Result } from "./result";

const result = (rows: [string, string, number | null][]): Result => ({
  columns: [
    { name: "t", sort: "time", type: "" },
    { name: "s", sort: "text", type: "" },
    { name: "n", sort: "number", type: "" },
  ],
  rows,
  limit: 100,
  took: 0,
});
const spec: ChartSpec = { type: "line", x: "t", y: ["n"], by: "s", stacked: false, log: false };

test("a series for each value, on the same x in order, with gaps where there is nothing", () => {
  const picture = pivoted(
    result([
      ["2", "a", 1],
      ["1", "a", 2],
      ["1", "b", null],
      ["2", "b", 4],
    ]),
    spec,
    true,
  );
  expect(picture.x).toEqual(["1", "2"]);
  expect(picture.series.map(({ name, values }) => [name, values])).toEqual([
    ["a", [2, 1]],
    ["b", [null, 4]],
  ]);
});

test("nothing is lost: all series and the rest add up to all rows, and there are never more than ten", () => {
  const row = fc.tuple(fc.constantFrom("1", "2", "3"), fc.integer({ min: 0, max: 30 }).map(String), fc.nat(1000));
  fc.assert(
    fc.property(fc.array(row), (rows) => {
      const { x, series } = pivoted(result(rows), spec, true);
      expect(series.length).toBeLessThanOrEqual(SERIES);
      const sum = series.flatMap((each) => each.values).reduce<number>((all, value) => all + (value ?? 0), 0);
      expect(sum).toBe(rows.reduce((all, [, , n]) => all + n, 0));
      for (const each of series) expect(each.values.length).toBe(x.length);
      expect(new Set(series.map((each) => each.color)).size).toBe(series.length);
    }),
  );
});

test("the smallest are together", () => {
  const rows = Array.from({ length: 15 }, (_, index): [string, string, number] => ["1", `s${index}`, index]);
  const { series } = pivoted(result(rows), spec, true);
  expect(series.at(-1)).toMatchObject({ name: OTHER, values: [0 + 1 + 2 + 3 + 4 + 5] });
});

test("slices are the greatest, and the rest", () => {
  const rows = Array.from({ length: 12 }, (_, index): [string, string, number] => [String(index), "", index]);
  const slices = slicesOf(pivoted(result(rows), { ...spec, by: "" }, false), (x) => x);
  expect(slices.map((slice) => slice.value)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 3]);
  expect(slices.at(-1)?.name).toBe(OTHER);
});

test("a whole turn is drawn too", () => {
  expect(sector(0, 1)).not.toContain("NaN");
  expect(sector(0, 0.75)).toContain("A1 1 0 1 1");
});

test("a heat map sums what meets in a cell", () => {
  const heat = heatOf(
    result([
      ["10", "a", 1],
      ["9", "a", 2],
      ["9", "a", 3],
    ]),
    spec,
  );
  expect(heat).toMatchObject({ across: ["9", "10"], down: ["a"], values: [[5, 1]], top: 5, cut: false });
});
