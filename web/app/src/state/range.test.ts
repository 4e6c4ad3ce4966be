import { expect, test } from "vitest";
import { bounds, permalink, rangeOf, rangeWords, span } from "./range";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const words = (iso: string) => iso.slice(11, 16);

test("nothing is the last fifteen minutes, open at the end", () => {
  expect(bounds(rangeOf("", ""), NOW)).toEqual({ since: "2026-11-21T11:45:00.000Z", until: null });
  expect(rangeWords(rangeOf("", ""), words)).toBe("Last 15 minutes");
});

test("any duration will do", () => {
  expect(span(rangeOf("90s", ""), NOW)).toEqual([NOW - 90_000, NOW]);
  expect(rangeWords(rangeOf("90s", ""), words)).toBe("Last 90s");
});

test("two moments, in whatever order", () => {
  const range = rangeOf("2026-11-21T11:00:00Z", "2026-11-21T10:00:00Z");
  expect(bounds(range, NOW)).toEqual({ since: "2026-11-21T10:00:00Z", until: "2026-11-21T11:00:00Z" });
  expect(rangeWords(range, words)).toBe("10:00 – 11:00");
});

test.each([
  ["tomorrow", ""],
  ["0s", ""],
  ["x", "y"],
])("%j to %j is the default", (from, to) => {
  expect(rangeOf(from, to)).toEqual({ kind: "relative", seconds: 900, text: "15m" });
});

test("a link that is sent shows the same time tomorrow", () => {
  const url = new URL(permalink(NOW));
  expect(url.searchParams.get("from")).toBe("2026-11-21T11:45:00.000Z");
  expect(url.searchParams.get("to")).toBe("2026-11-21T12:00:00.000Z");
});
