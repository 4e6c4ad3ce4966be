import { expect, test } from "vitest";
import { chartsOf } from "./charts";

const start = "2026-11-21T12:00:00Z";
const begin = Date.parse(start);
const answer = {
  start,
  step: 10,
  series: {
    count: [20, 0, 10, 1],
    errors: [5, 0, 0, 1],
    p50: [0.1, null, 0.2, 9],
    p95: [0.1, null, 0.2, 9],
    p99: [0.1, null, 0.2, 9],
  },
};

test("counts become rates and shares; no request has no share; the unfinished end is left out", () => {
  const { times, rate, errors, durations } = chartsOf(answer, begin, begin + 35_000);
  expect(times).toEqual([0, 10, 20].map((second) => begin / 1000 + second));
  expect(rate[0]?.values).toEqual([2, 0, 1]);
  expect(errors[0]?.values).toEqual([0.25, null, 0]);
  expect(durations.map((each) => each.values)).toEqual(Array(3).fill([0.1, null, 0.2]));
});
