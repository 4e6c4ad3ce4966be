/** How the values of a column are written on an axis: its name tells the unit, if it tells one. */
import { duration } from "../format/duration";
import { bytes, count, percent, rate } from "../format/number";

export type Format = (value: number) => string;

const UNITS: [RegExp, Format][] = [
  [/(^|_)(ns|nanos|nanoseconds)$/, (value) => duration(value / 1e9)],
  [/(^|_)(us|micros|microseconds)$/, (value) => duration(value / 1e6)],
  [/(^|_)(ms|millis|milliseconds)$/, (value) => duration(value / 1e3)],
  [/(^|_)(minutes)$/, (value) => duration(value * 60)],
  [/bytes|(^|_)(size|memory)$/, bytes],
  [/per_second$|(^|_)(rate|rps|qps)$/, rate],
  [/(^|_)(share|ratio)$/, percent],
  [/percent$/, (value) => percent(value / 100)],
  [/(^|_)(cost|usd|dollars)$/, (value) => `$${Math.abs(value) >= 100 ? count(value) : Number(value.toPrecision(3))}`],
  [/duration|latency|delay|elapsed|(^|_)(s|secs|seconds|took|lag)$/, duration],
];
const PERCENTILE = /^(p\d{1,3}|median|slowest|fastest|average|mean)$/;

/** A percentile is one of durations where the query speaks of them. */
export function formatOf(name: string, sql: string): Format {
  const small = name.toLowerCase();
  const found = UNITS.find(([pattern]) => pattern.test(small));
  if (found) return found[1];
  return PERCENTILE.test(small) && /\bduration\b(?!\s*\*)/i.test(sql) ? duration : count;
}
