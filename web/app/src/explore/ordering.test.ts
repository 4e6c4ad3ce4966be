import fc from "fast-check";
import { expect, test } from "vitest";
import { nextOrder, ordered, orderOf } from "./ordering";
import type { Cell, Result } from "./result";

const result = (cells: Cell[]): Result => ({
  columns: [{ name: "x", sort: "number", type: "Float64" }],
  rows: cells.map((cell) => [cell]),
  limit: 100,
  took: 0,
});

test("three states: up, down, as it came", () => {
  expect(nextOrder(undefined, "x")).toBe("x");
  expect(nextOrder(orderOf("x"), "x")).toBe("-x");
  expect(nextOrder(orderOf("-x"), "x")).toBeNull();
  expect(nextOrder(orderOf("-x"), "y")).toBe("y");
});

test("numbers by value, texts with numbers in them as people count", () => {
  expect(ordered(result([10, 9, 2n ** 60n, -1]), orderOf("x"))).toEqual([3, 1, 0, 2]);
  expect(ordered(result(["item 10", "item 9", "Item 1"]), orderOf("x"))).toEqual([2, 1, 0]);
});

test("a column that is not there leaves the order", () => {
  expect(ordered(result([2, 1]), orderOf("y"))).toEqual([0, 1]);
});

test("sorted, stable, nothing lost, NULL last either way", () => {
  const cell = fc.option(fc.integer({ min: 0, max: 5 }), { nil: null });
  fc.assert(
    fc.property(fc.array(cell), fc.boolean(), (cells, descending) => {
      const places = ordered(result(cells), { column: "x", descending });
      expect([...places].sort((a, b) => a - b)).toEqual(cells.map((_, index) => index));
      for (const [at, place] of places.entries()) {
        const before = places[at - 1];
        if (before === undefined) continue;
        const [a, b] = [cells[before] ?? null, cells[place] ?? null];
        if (a === null) expect(b).toBeNull();
        else if (b !== null) expect(descending ? a >= b : a <= b).toBe(true);
        if (a === b) expect(before).toBeLessThan(place);
      }
    }),
  );
});
