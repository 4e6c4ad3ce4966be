import { expect, test } from "vitest";
import { clicked, ordered, orderOf } from "./order";

const COLUMNS = ["name", "rate", "p95"] as const;
const rows = [
  { name: "b", rate: 2, p95: null },
  { name: "a", rate: 1, p95: 0.5 },
  { name: "c", rate: 3, p95: 0.1 },
];
const names = (sorted: typeof rows) => sorted.map((row) => row.name).join("");

test("the address says the order, anything else is the usual one", () => {
  expect(orderOf("p95", COLUMNS, "rate")).toEqual({ column: "p95", down: true });
  expect(orderOf("-p95", COLUMNS, "rate")).toEqual({ column: "p95", down: false });
  expect(orderOf("", COLUMNS, "rate")).toEqual({ column: "rate", down: true });
  expect(orderOf("colour", COLUMNS, "rate")).toEqual({ column: "rate", down: true });
});

test("a click sorts by the column, a second one turns it round", () => {
  const usual = orderOf("", COLUMNS, "rate");
  expect(clicked(usual, "p95", "rate")).toBe("p95");
  expect(clicked(orderOf("p95", COLUMNS, "rate"), "p95", "rate")).toBe("-p95");
  expect(clicked(orderOf("-p95", COLUMNS, "rate"), "p95", "rate")).toBe("p95");
  expect(clicked(usual, "rate", "rate")).toBe("-rate");
  expect(clicked(orderOf("-rate", COLUMNS, "rate"), "rate", "rate")).toBeNull();
});

test("numbers from the largest, names from A, nothing at the end", () => {
  expect(names(ordered(rows, true, (row) => row.rate))).toBe("cba");
  expect(names(ordered(rows, false, (row) => row.rate))).toBe("abc");
  expect(names(ordered(rows, true, (row) => row.name))).toBe("abc");
  expect(names(ordered(rows, false, (row) => row.name))).toBe("cba");
  expect(names(ordered(rows, true, (row) => row.p95))).toBe("acb");
  expect(names(ordered(rows, false, (row) => row.p95))).toBe("cab");
});
