/** The series of a service as charts: counts become rates and shares. From the server's answer, for `Chart`. */
import type { ServiceAnswer } from "../api/services";
import type { Series } from "../parts/Chart";
import { wholeBuckets } from "./wholeBuckets";

export interface Charts {
  times: number[];
  rate: Series[];
  errors: Series[];
  durations: Series[];
}

/** `since` and `until` in milliseconds. */
export function chartsOf(
  { start, step, series }: Pick<ServiceAnswer, "start" | "step" | "series">,
  since: number,
  until: number,
): Charts {
  const begin = Date.parse(start) / 1000;
  const [from, to] = wholeBuckets({ start, step }, series.count.length, since, until);
  const cut = <Value>(values: Value[]) => values.slice(from, to);
  const count = cut(series.count);
  const errors = cut(series.errors);
  return {
    times: count.map((_, index) => begin + (from + index) * step),
    rate: [{ name: "requests", values: count.map((value) => value / step), color: "--hue-0" }],
    errors: [
      {
        name: "failed",
        values: count.map((value, index) => (value ? (errors[index] ?? 0) / value : null)),
        color: "--fill-error",
      },
    ],
    durations: [
      { name: "p50", values: cut(series.p50), color: "--hue-8" },
      { name: "p95", values: cut(series.p95), color: "--hue-0" },
      { name: "p99", values: cut(series.p99), color: "--hue-3", dash: [4, 3] },
    ],
  };
}
