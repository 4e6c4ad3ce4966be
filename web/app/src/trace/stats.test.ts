import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { log, span, traces } from "./sample";
import { byOperation, byService, gaps, selfTime } from "./stats";
import { buildForest, type Node } from "./tree";

describe("self time", () => {
  it("is what no child covers, counted once where children overlap, within the span", () => {
    const forest = buildForest([
      span("a", null, 0, 100),
      span("b", "a", 10, 40),
      span("c", "a", 30, 50),
      span("d", "a", 90, 200),
      log("l", "a", 60),
    ]);
    expect(selfTime(forest.byKey.get("a") as Node)).toBe(50);
  });

  it("is never negative and never longer than the span", () => {
    fc.assert(
      fc.property(traces, (rows) => {
        for (const node of buildForest(rows).nodes) {
          expect(selfTime(node)).toBeGreaterThanOrEqual(0);
          expect(selfTime(node)).toBeLessThanOrEqual(node.end - node.start);
        }
      }),
    );
  });
});

describe("sums", () => {
  const forest = buildForest([
    span("a", null, 0, 100, { span_name: "GET" }),
    span("b", "a", 0, 10, { service_name: "db", span_name: "SELECT" }),
    span("c", "a", 20, 50, { service_name: "db", span_name: "SELECT", level: 17 }),
    log("l", "a", 3),
  ]);

  it("by operation and by service count spans, not logs", () => {
    expect(byOperation(forest)).toEqual([
      { service: "api", name: "GET", count: 1, errors: 0, total: 100, self: 60, p50: 100, max: 100 },
      { service: "db", name: "SELECT", count: 2, errors: 1, total: 40, self: 40, p50: 10, max: 30 },
    ]);
    expect(byService(forest).map(({ service, count }) => [service, count])).toEqual([
      ["api", 1],
      ["db", 2],
    ]);
  });

  it("have every span exactly once", () => {
    fc.assert(
      fc.property(traces, (rows) => {
        const drawn = buildForest(rows);
        expect(byOperation(drawn).reduce((sum, each) => sum + each.count, 0)).toBe(drawn.spans);
      }),
    );
  });
});

describe("gaps", () => {
  it("are the times in which nothing ran", () => {
    const forest = buildForest([
      span("a", null, 0, 10),
      span("b", "a", 5, 20),
      span("c", "a", 50, 60),
      log("l", "a", 40),
    ]);
    expect(gaps(forest)).toEqual([{ from: 20, to: 50 }]);
  });

  it("of logs alone are none", () => {
    expect(gaps(buildForest([log("l", "", 40), log("m", "", 90)]))).toEqual([]);
  });
});
