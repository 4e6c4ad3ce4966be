import fc from "fast-check";
import { expect, test } from "vitest";
import { columnsOf, columnsText, withColumn, withoutColumn } from "./columns";

test("whatever the columns are called, the address gives them back", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 }), { maxLength: 20 }), (columns) => {
      expect(columnsOf(columnsText(columns) ?? "")).toEqual(columns);
    }),
  );
});

test("one is added once, at the end, and taken away", () => {
  expect(withColumn(["a"], "b")).toBe("a,b");
  expect(withColumn(["a"], "a")).toBe("a");
  expect(withoutColumn(["a", "b"], "a")).toBe("b");
  expect(withoutColumn(["a"], "a")).toBeNull();
});
