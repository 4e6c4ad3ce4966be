import { expect, test } from "vitest";
import { wholeBuckets } from "./wholeBuckets";

const answer = { start: "2026-11-21T12:00:00Z", step: 10 };
const at = (seconds: number) => Date.parse(answer.start) + seconds * 1000;

test("what has not ended, and what began before, is left out", () => {
  expect(wholeBuckets(answer, 6, at(3), at(57))).toEqual([1, 5]);
  expect(wholeBuckets(answer, 6, at(0), at(60))).toEqual([0, 6]);
  expect(wholeBuckets(answer, 6, at(0), at(41))).toEqual([0, 4]);
});

test("where hardly anything would be left, everything is shown", () => {
  expect(wholeBuckets(answer, 2, at(3), at(17))).toEqual([0, 2]);
  expect(wholeBuckets(answer, 0, at(0), at(10))).toEqual([0, 0]);
});
