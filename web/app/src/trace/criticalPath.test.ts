import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { criticalPath, pathByNode } from "./criticalPath";
import type { TraceRow } from "./rows";
import { span, traces } from "./sample";
import { buildForest } from "./tree";

const path = (...rows: TraceRow[]) =>
  criticalPath(buildForest(rows)).map(({ node, from, to }) => `${node.key} ${from}–${to}`);

describe("the critical path", () => {
  it("goes through what ran last, and its parent between", () => {
    expect(path(span("a", null, 0, 100), span("b", "a", 10, 40), span("c", "a", 50, 90))).toEqual([
      "a 0–10",
      "b 10–40",
      "a 40–50",
      "c 50–90",
      "a 90–100",
    ]);
  });

  it("takes of parallel children the one that ended last", () => {
    expect(path(span("a", null, 0, 100), span("b", "a", 10, 60), span("c", "a", 10, 90))).toEqual([
      "a 0–10",
      "c 10–90",
      "a 90–100",
    ]);
  });

  it("cuts a child of another service at its parent, as their clocks differ", () => {
    const skewed = span("b", "a", -10, 120, { service_name: "db" });
    expect(path(span("a", null, 0, 100), skewed)).toEqual(["b 0–100"]);
  });

  it("follows work that goes on after its parent, by itself", () => {
    expect(path(span("a", null, 0, 100), span("b", "a", 20, 30), span("task", "a", 60, 300))).toEqual([
      "a 0–20",
      "b 20–30",
      "a 30–60",
      "task 60–300",
    ]);
  });

  it("leaves the time between a message and its consumer to nobody", () => {
    const consumer = span("c", "a", 500, 600, { service_name: "worker", span_kind: "consumer" });
    expect(path(span("a", null, 0, 100, { span_kind: "producer" }), consumer)).toEqual(["a 0–100", "c 500–600"]);
  });

  it("does not lose a child that overlaps the next one a little", () => {
    expect(path(span("a", null, 0, 1000), span("b", "a", 0, 501), span("c", "a", 500, 1000))).toEqual([
      "b 0–500",
      "c 500–1000",
    ]);
  });

  it("has segments that do not overlap, lie within their spans, and sum to no more than the trace", () => {
    fc.assert(
      fc.property(traces, (rows) => {
        const forest = buildForest(rows);
        const segments = criticalPath(forest);
        let reached = forest.start;
        let sum = 0;
        for (const { node, from, to } of segments) {
          expect(from).toBeGreaterThanOrEqual(reached);
          expect(to).toBeGreaterThan(from);
          expect(from).toBeGreaterThanOrEqual(node.start);
          expect(to).toBeLessThanOrEqual(node.end);
          reached = to;
          sum += to - from;
        }
        expect(sum).toBeLessThanOrEqual(forest.end - forest.start);
        const split = [...pathByNode(segments).values()].flat().length;
        expect(split).toBe(segments.length);
      }),
    );
  });

  it("covers a trace of one service whose children lie within their parents", () => {
    const nested = fc.array(fc.tuple(fc.nat(99), fc.nat(99)), { minLength: 1, maxLength: 20 }).map((parts) => {
      const rows: TraceRow[] = [];
      for (const [index, [from, to]] of parts.entries()) {
        const parent = index ? (rows[from % index] as TraceRow) : undefined;
        const [start, length] = parent ? [parent.start, parent.duration ?? 0] : [0, 10_000];
        const begin = start + Math.floor((length * Math.min(from, to)) / 100);
        const end = start + Math.floor((length * Math.max(from, to)) / 100);
        rows.push(index ? span(`s${index}`, parent?.span_id ?? null, begin, end) : span("s0", null, 0, 10_000));
      }
      return rows;
    });
    fc.assert(
      fc.property(nested, (rows) => {
        const sum = criticalPath(buildForest(rows)).reduce((all, { from, to }) => all + to - from, 0);
        expect(sum).toBe(10_000);
      }),
    );
  });

  it("bears a chain as deep as the trace", () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => span(`s${i}`, i ? `s${i - 1}` : null, i, 100_000 - i));
    expect(criticalPath(buildForest(rows))).toHaveLength(39_999);
  });
});
