import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CHART_TYPES, type ChartSpec, fitted, guessed, readSpec, written } from "./guess";
import type { Cell, Column, Result, Sort } from "./result";

const result = (columns: [string, Sort][], rows: Cell[][]): Result => ({
  columns: columns.map(([name, sort]): Column => ({ name, sort, type: "" })),
  rows,
  limit: 100,
  took: 0,
});
const T = ["2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"] as const;

describe("the first guess", () => {
  test("a time and numbers are lines", () => {
    const guess = guessed(
      result(
        [
          ["t", "time"],
          ["a", "number"],
          ["b", "number"],
        ],
        [
          [T[0], 1, 2],
          [T[1], 3, 4],
        ],
      ),
    );
    expect(guess).toMatchObject({ type: "line", x: "t", y: ["a", "b"], by: "" });
  });
  test("a text with them makes the series", () => {
    const guess = guessed(
      result(
        [
          ["t", "time"],
          ["s", "text"],
          ["n", "number"],
        ],
        [
          [T[0], "x", 1],
          [T[0], "y", 2],
        ],
      ),
    );
    expect(guess).toMatchObject({ type: "line", x: "t", y: ["n"], by: "s" });
  });
  test("a text and a number are bars, two texts and a number a heat map, one number itself", () => {
    expect(
      guessed(
        result(
          [
            ["s", "text"],
            ["n", "number"],
          ],
          [
            ["a", 1],
            ["b", 2],
          ],
        ),
      )?.type,
    ).toBe("bar");
    expect(
      guessed(
        result(
          [
            ["s", "text"],
            ["r", "text"],
            ["n", "number"],
          ],
          [["a", "b", 1]],
        ),
      ),
    ).toMatchObject({ type: "heat", x: "s", by: "r" });
    expect(guessed(result([["n", "number"]], [[7]]))?.type).toBe("single");
  });
  test("records are a table: more of a kind, JSON, the same time twice", () => {
    expect(
      guessed(
        result(
          [
            ["s", "text"],
            ["n", "number"],
          ],
          [
            ["a", 1],
            ["a", 2],
          ],
        ),
      ),
    ).toBeUndefined();
    expect(
      guessed(
        result(
          [
            ["s", "text"],
            ["j", "json"],
            ["n", "number"],
          ],
          [["a", {}, 1]],
        ),
      ),
    ).toBeUndefined();
    expect(
      guessed(
        result(
          [
            ["t", "time"],
            ["n", "number"],
          ],
          [
            [T[0], 1],
            [T[0], 2],
          ],
        ),
      ),
    ).toBeUndefined();
    expect(guessed(result([["s", "text"]], [["a"]]))).toBeUndefined();
    expect(guessed(result([["n", "number"]], []))).toBeUndefined();
  });
});

test("a chart in the address is the chart, whatever its columns are called", () => {
  const name = fc.string({ minLength: 1 });
  const spec: fc.Arbitrary<ChartSpec> = fc.record({
    type: fc.constantFrom(...CHART_TYPES.map((each) => each.id)),
    x: fc.oneof(fc.constant(""), name),
    y: fc.array(name, { maxLength: 3 }),
    by: fc.oneof(fc.constant(""), name),
    stacked: fc.boolean(),
    log: fc.boolean(),
  });
  fc.assert(
    fc.property(spec, (each) => {
      expect(readSpec(written(each))).toEqual(each);
    }),
  );
});

test("what cannot be read is no chart", () => {
  expect(readSpec("")).toBeUndefined();
  expect(readSpec("cube;x=a")).toBeUndefined();
  expect(readSpec("bar;x=%E0%A4%A;y=b")).toMatchObject({ type: "bar", y: ["b"] });
});

test("a choice made for another query gives way to the guess", () => {
  const bars = result(
    [
      ["s", "text"],
      ["n", "number"],
    ],
    [
      ["a", 1],
      ["b", 2],
    ],
  );
  expect(fitted(readSpec("line;x=t;y=p50"), bars)).toMatchObject({ type: "bar", x: "s", y: ["n"] });
  expect(fitted(readSpec("pie"), bars)).toMatchObject({ type: "pie", x: "s", y: ["n"] });
  expect(fitted(readSpec("pie;x=s;y=gone"), bars)).toMatchObject({ type: "pie", x: "s", y: ["n"] });
});
