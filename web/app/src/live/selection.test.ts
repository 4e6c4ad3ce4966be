import { expect, test } from "vitest";
import { chosenOf, written } from "./selection";

test("what is written is read", () => {
  const chosen = { id: "00ff", at: "2026-11-21T12:00:00.000001Z", kind: "span", trace_id: "ab", span_id: "cd" };
  expect(chosenOf(written(chosen))).toEqual(chosen);
});

test("half an address is none", () => {
  expect(chosenOf("")).toBeUndefined();
  expect(chosenOf("00ff")).toBeUndefined();
});
