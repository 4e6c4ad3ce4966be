import { expect, test } from "vitest";
import { curve } from "./Sparkline";

test("a gap ends the curve, and a value alone is a dot", () => {
  expect(curve([0, 2, null, 1, null], 10, 13)).toBe("M1.0 11.5h0L3.0 1.5M7.0 6.5h0");
});

test("nothing but zeros lies on the ground, and nothing at all is nothing", () => {
  expect(curve([0, 0], 10, 13)).toBe("M1.0 11.5h0L9.0 11.5");
  expect(curve([null], 10, 13)).toBe("");
  expect(curve([], 10, 13)).toBe("");
});
