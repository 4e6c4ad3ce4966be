import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compared } from "./compare";
import { span, traces } from "./sample";
import { buildForest } from "./tree";

const MS = 1e6;

describe("a comparison", () => {
  it("matches by path, counts what repeats, and tells what is longer, shorter, missing or new", () => {
    const query = (id: string, start: number, end: number) =>
      span(id, "a", start * MS, end * MS, { span_name: "SELECT" });
    const a = buildForest([
      span("a", null, 0, 100 * MS, { span_name: "GET" }),
      query("q1", 0, 10),
      span("old", "a", 20 * MS, 30 * MS),
      span("same", "a", 40 * MS, 50 * MS),
      span("slow", "a", 50 * MS, 90 * MS),
    ]);
    const b = buildForest([
      span("a", null, 5 * MS, 180 * MS, { span_name: "GET" }),
      query("q1", 5, 15),
      query("q2", 15, 25),
      query("q3", 25, 35),
      span("same", "a", 40 * MS, 50 * MS),
      span("slow", "a", 50 * MS, 60 * MS),
      span("fresh", "a", 90 * MS, 95 * MS),
    ]);
    expect(
      compared(a, b).map(({ name, depth, a: one, b: two, verdict, difference }) => [
        name,
        depth,
        one?.count,
        two?.count,
        verdict,
        difference / MS,
      ]),
    ).toEqual([
      ["GET", 0, 1, 1, "longer", 75],
      ["SELECT", 1, 1, 3, "longer", 20],
      ["old", 1, 1, undefined, "missing", -10],
      ["same", 1, 1, 1, "same", 0],
      ["slow", 1, 1, 1, "shorter", -30],
      ["fresh", 1, undefined, 1, "new", 5],
    ]);
  });

  it("of a trace with itself finds nothing, with every span once", () => {
    fc.assert(
      fc.property(traces, (rows) => {
        const pairs = compared(buildForest(rows), buildForest(rows));
        const spans = buildForest(rows).nodes.filter((node) => !node.note).length;
        expect(pairs.every((pair) => pair.verdict === "same" && pair.difference === 0)).toBe(true);
        expect(pairs.reduce((sum, pair) => sum + (pair.a?.count ?? 0), 0)).toBe(spans);
      }),
    );
  });

  it("is the same from the other side, with the sign turned", () => {
    fc.assert(
      fc.property(traces, traces, (one, two) => {
        const sum = (pairs: { difference: number }[]) => pairs.reduce((all, pair) => all + pair.difference, 0);
        const [a, b] = [buildForest(one), buildForest(two)];
        expect(sum(compared(a, b))).toBe(0 - sum(compared(b, a)));
      }),
    );
  });
});
