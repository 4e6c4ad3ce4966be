import { describe, expect, it } from "vitest";
import type { TraceAnswer } from "../api/traces";
import type { Json } from "../api/types";
import { isoAt, rowsOf, withAnswer } from "./rows";

const fields = [
  "kind",
  "id",
  "span_id",
  "parent_span_id",
  "start_ns",
  "duration",
  "level",
  "message",
  "span_kind",
  "events",
];

function answer(start: string, ...rows: Json[][]): TraceAnswer {
  return {
    trace_id: "t",
    start,
    end: start,
    truncated: false,
    total: rows.length,
    fields,
    rows,
    cursor: "now",
    took: 0,
  };
}
const row = (id: string, start: number, kind = "span"): Json[] => [
  kind,
  id,
  id,
  null,
  start,
  kind === "span" ? 1e-6 : null,
  9,
  id,
  "internal",
  [],
];

describe("rows", () => {
  it("are read by the names of their fields, durations in nanoseconds", () => {
    const [read] = rowsOf(
      answer("2026-01-01T00:00:00Z", ["span", "i", "s", "", "12", 0.001, 17, "m", "server", [["retry", 14]]]),
    );
    expect(read).toMatchObject({
      kind: "span",
      parent_span_id: null,
      start: 12,
      duration: 1e6,
      level: 17,
      events: [{ name: "retry", at: 14 }],
    });
  });

  it("that come later are added, and a span takes the place of its pending form", () => {
    const first = withAnswer(undefined, answer("2026-01-01T00:00:00Z", row("a", 0, "pending_span")));
    expect(withAnswer(first, answer("2026-01-01T00:00:00Z", row("a", 0, "pending_span")))).toBe(first);
    const next = withAnswer(first, answer("2026-01-01T00:00:00Z", row("a", 0), row("b", 5)));
    expect([...next.rows.values()].map(({ id, kind }) => [id, kind])).toEqual([
      ["a", "span"],
      ["b", "span"],
    ]);
    expect(withAnswer(next, answer("2026-01-01T00:00:00Z", row("a", 0, "pending_span")))).toBe(next);
  });

  it("move when the trace turns out to have begun earlier", () => {
    const first = withAnswer(undefined, answer("2026-01-01T00:00:00.000001Z", row("b", 0)));
    const next = withAnswer(first, answer("2026-01-01T00:00:00.000000500Z", row("root", 0)));
    expect(next.rows.get("b")?.start).toBe(500);
    expect(isoAt(next.start, 500)).toBe("2026-01-01T00:00:00.000001000Z");
  });
});
