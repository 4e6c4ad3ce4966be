import { describe, expect, it } from "vitest";
import { idIn } from "./CompareWith";
import { distinct, type Known } from "./rows";
import { pending, span } from "./sample";
import { paceOf } from "./useTrace";

const known = (...rows: Parameters<typeof distinct>[0][]): Known => ({
  trace_id: "t",
  start: 0n,
  rows: distinct(rows.flatMap((each) => [...each])),
  truncated: false,
  total: 1,
  cursor: "2026-01-01T00:00:00Z",
});

describe("a trace is asked again", () => {
  it("every two seconds while it is young or runs, seldom when its spans were probably killed, and else never", () => {
    const ended = known([span("a", null, 0, 1)]);
    const running = known([pending("a", null, 0)]);
    expect([paceOf(ended, 1000), paceOf(ended, 31_000)]).toEqual([2000, 0]);
    expect([paceOf(running, 31_000), paceOf(running, 3_600_000)]).toEqual([2000, 30_000]);
  });
});

describe("the trace to compare with", () => {
  it("is found in an id or an address", () => {
    const id = "0123456789abcdef0123456789abcdef";
    expect(idIn(` ${id.toUpperCase()} `)).toBe(id);
    expect(idIn(`http://127.0.0.1:4318/trace/${id}?view=flame`)).toBe(id);
    expect(idIn(`${id}0`)).toBeUndefined();
    expect(idIn("no id")).toBeUndefined();
  });
});
