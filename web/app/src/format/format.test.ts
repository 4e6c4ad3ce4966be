import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { prefer } from "../state/preferences";
import { duration, durationOf, exactDuration } from "./duration";
import { hue } from "./hue";
import { levelLetter, levelName } from "./level";
import { ago, clock, exactMoment, moment, nanoseconds } from "./moment";
import { bytes, count, exact, percent, rate } from "./number";

afterEach(() => prefer({ zone: "local" }));

test.each([
  [0, "0 s"],
  [12e-9, "12 ns"],
  [840e-6, "840 µs"],
  [0.0124, "12.4 ms"],
  [0.9994, "999 ms"],
  [0.9996, "1 s"],
  [1.24, "1.24 s"],
  [59.94, "59.9 s"],
  [59.96, "1 min"],
  [125, "2 min 5 s"],
  [3600, "1 h"],
  [90_000, "1 d 1 h"],
  [-0.002, "−2 ms"],
  [null, ""],
])("%d seconds are %s", (seconds, words) => expect(duration(seconds)).toBe(words));

test("a duration never shows a unit as large as the next one", () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-9, max: 86_000, noNaN: true }), (seconds) => {
      expect(duration(seconds)).not.toMatch(/\b1000 (ns|µs|ms)|\b60 (s|min)\b/);
    }),
  );
});

test.each([
  ["90s", 90],
  ["1h30m", 5400],
  ["1.5 d", 129_600],
  ["250ms", 0.25],
])("%s is %d seconds", (text, seconds) => expect(durationOf(text)).toBeCloseTo(seconds, 9));

test.each(["", "soon", "5", "5 x", "h", "5s!"])("%j is no duration", (text) =>
  expect(durationOf(text)).toBeUndefined(),
);

test("the exact duration has no noise of floating point", () => expect(exactDuration(0.1 + 0.2)).toBe("0.3 s"));

test.each([
  [0, "0"],
  [999, "999"],
  [1204, "1.2k"],
  [12_400, "12.4k"],
  [999_600, "1M"],
  [0.25, "0.25"],
])("%d counts as %s", (value, words) => expect(count(value)).toBe(words));

test("numbers with units", () => {
  expect(bytes(3_100_000_000)).toBe("3.1 GB");
  expect(bytes(512)).toBe("512 B");
  expect(rate(0.05)).toBe("3/min");
  expect(rate(1200)).toBe("1.2k/s");
  expect(percent(0.018)).toBe("1.8 %");
  expect(percent(0.0001)).toBe("< 0.1 %");
  expect(exact(1204)).toBe("1,204");
});

test("moments in UTC", () => {
  prefer({ zone: "utc" });
  expect(clock("2026-11-21T12:04:31.204118Z")).toBe("12:04:31.204");
  expect(moment("2026-11-21T12:04:31.204118Z")).toBe("2026-11-21 12:04:31");
  expect(exactMoment("2026-11-21T12:04:31.204118Z")).toBe("2026-11-21 12:04:31.204118 UTC");
});

test("how long ago", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  expect(ago("2026-11-21T11:59:59.900Z", now)).toBe("now");
  expect(ago("2026-11-21T11:59:48Z", now)).toBe("12 s ago");
  expect(ago("2026-11-21T11:00:00Z", now)).toBe("1 h ago");
});

test("nanoseconds keep what Date forgets", () => {
  expect(nanoseconds("1970-01-01T00:00:01.000000002Z")).toBe(1_000_000_002n);
  expect(nanoseconds("1970-01-01T01:00:01+01:00")).toBe(1_000_000_000n);
});

test("levels by OpenTelemetry's numbers", () => {
  expect([1, 5, 9, 10, 13, 17, 21, 24].map(levelName)).toEqual([
    "trace",
    "debug",
    "info",
    "notice",
    "warn",
    "error",
    "fatal",
    "fatal",
  ]);
  expect(levelLetter(17)).toBe("E");
});

test("a name keeps its hue, and names differ", () => {
  expect(hue("api")).toBe(hue("api"));
  expect(new Set(["api", "worker", "web", "db", "cache", "mail", "auth", "cart"].map(hue)).size).toBeGreaterThan(3);
});
