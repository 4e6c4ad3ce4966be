import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { moved, placeOf, stepOf, ticks, tickWords, windowOf, windowText, within, zoomed } from "./axis";

const whole = { from: 0, to: 1e9 };

describe("the axis", () => {
  it("has ticks at round distances in readable units", () => {
    expect(ticks(whole, 0, 6).map(({ words }) => words)).toEqual([
      "0",
      "200 ms",
      "400 ms",
      "600 ms",
      "800 ms",
      "1.0 s",
    ]);
    expect(
      ticks({ from: 0, to: 3600e9 }, 0, 6)
        .map(({ words }) => words)
        .slice(0, 3),
    ).toEqual(["0", "10 min", "20 min"]);
    expect(tickWords(1500, 500)).toBe("1.5 µs");
    expect(tickWords(1.25e9, 1e7)).toBe("1.25 s");
  });

  it("counts from the first tick where the offset would hide the step", () => {
    expect(ticks({ from: 5e8, to: 5e8 + 4000 }, 0, 4).map(({ words }) => words)).toEqual([
      "500.000 ms",
      "+1 µs",
      "+2 µs",
      "+3 µs",
      "+4 µs",
    ]);
  });

  it("is read from the address and written to it", () => {
    expect(windowOf("100000-300000", whole)).toEqual({ from: 100_000, to: 300_000 });
    expect(windowOf("nonsense", whole)).toBe(whole);
    expect(windowText({ from: 100_000.4, to: 300_000.2 }, whole)).toBe("100000-300001");
    expect(windowText(whole, whole)).toBeNull();
  });

  it("stays within the trace and keeps its order, however one zooms and moves", () => {
    const number = fc.integer({ min: -2e9, max: 2e9 });
    fc.assert(
      fc.property(number, number, number, fc.constantFrom(0.25, 0.5, 2, 4), (from, to, around, factor) => {
        for (const each of [
          within({ from, to }, whole),
          zoomed(within({ from, to }, whole), whole, factor, around),
          moved(within({ from, to }, whole), whole, around),
        ]) {
          expect(each.from).toBeGreaterThanOrEqual(0);
          expect(each.to).toBeLessThanOrEqual(1e9);
          expect(each.to - each.from).toBeGreaterThanOrEqual(999.99);
        }
      }),
    );
    expect(placeOf(250, { from: 0, to: 1000 })).toBe(0.25);
    expect(placeOf(9e9, whole)).toBe(1.05);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e15 }),
        fc.integer({ min: 2, max: 12 }),
        (length, most) => length / stepOf(length, most) <= most + 1e-6,
      ),
    );
  });

  it("of a trace without duration is one moment", () => {
    expect(within({ from: 0, to: 0 }, { from: 0, to: 0 })).toEqual({ from: 0, to: 1 });
  });
});
