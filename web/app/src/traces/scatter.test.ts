import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TraceSummary } from "../api/traces";
import { durationAt, frameOf, levels, nearest, placed, timeAt } from "./scatter";

const at = Date.parse("2026-01-01T00:00:00Z");

function trace(id: string, seconds: number, duration: number): TraceSummary {
  const start = new Date(at + seconds * 1000).toISOString();
  return {
    trace_id: id,
    start,
    duration,
    service_name: "",
    message: "",
    span_name: "",
    spans: 1,
    logs: 0,
    errors: 0,
    services: [],
    pending: false,
    has_root: true,
  };
}

describe("the scatter", () => {
  const traces = [trace("a", 0, 0.01), trace("b", 30, 1), trace("c", 60, 0.1)];
  const frame = frameOf(traces, at, at + 60_000, 600, 100);

  it("goes from a power of ten to another", () => {
    expect([frame.least, frame.most]).toEqual([0.01, 1]);
    expect(levels(frame)).toEqual([0.01, 0.1, 1]);
    expect(placed(traces[1] as TraceSummary, frame)).toEqual({ x: 300, y: 0 });
    expect(nearest(traces, 598, 52, frame)?.trace_id).toBe("c");
    expect(nearest(traces, 450, 52, frame)).toBeUndefined();
  });

  it("holds every trace, and finds the way back from its point", () => {
    const drawn = fc.array(
      fc.tuple(fc.integer({ min: -100, max: 900 }), fc.double({ min: 0, max: 1e6, noNaN: true })),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(drawn, (parts) => {
        const all = parts.map(([second, duration], i) => trace(String(i), second, duration));
        const around = frameOf(all, at, at + 60_000, 600, 100);
        for (const each of all) {
          const { x, y } = placed(each, around);
          expect(x).toBeGreaterThanOrEqual(-1e-6);
          expect(x).toBeLessThanOrEqual(600 + 1e-6);
          expect(y).toBeGreaterThanOrEqual(-1e-6);
          expect(y).toBeLessThanOrEqual(100 + 1e-6);
          expect(Math.abs(timeAt(x, around) - Date.parse(each.start))).toBeLessThan(1);
          if (each.duration > 1e-6) expect(durationAt(y, around) / each.duration).toBeCloseTo(1, 6);
        }
      }),
    );
  });
});
