import { expect, test } from "vitest";
import { bars, sums } from "./bars";

const LEVELS = { info: [8, 0, 1000], error: [2, 0, 1] };

/** Top and height of each rectangle. */
function boxes(path: string): [number, number][] {
  return [...path.matchAll(/M[\d.]+ ([\d.]+)h[\d.]+v([\d.]+)/g)].map((each) => [Number(each[1]), Number(each[2])]);
}

test("what each bucket holds", () => {
  expect(sums(LEVELS)).toEqual([10, 0, 1001]);
  expect(sums({})).toEqual([]);
});

test("levels stand on each other, and empty buckets have none", () => {
  const levels = { info: [8, 0], error: [2, 0] };
  expect(boxes(bars(levels, "info", 10, 50))).toEqual([[10, 40]]);
  expect(boxes(bars(levels, "error", 10, 50))).toEqual([[0, 10]]);
});

test("one error among a thousand is seen, and stays within", () => {
  const [, last] = boxes(bars(LEVELS, "error", 1001, 50));
  expect(last).toEqual([0, 2]);
  const [first] = boxes(bars(LEVELS, "info", 1001, 50));
  expect(first).toEqual([48, 2]);
});
