import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyOf } from "./rows";
import { log, pending, span, traces } from "./sample";
import { buildForest } from "./tree";

const keys = (nodes: { key: string }[]) => nodes.map((node) => node.key);

describe("a forest", () => {
  it("puts children below their parents in the order of their start", () => {
    const forest = buildForest([span("c", "a", 50, 60), span("b", "a", 10, 40), span("a", null, 0, 100)]);
    expect(keys(forest.nodes)).toEqual(["a", "b", "c"]);
    expect(forest.nodes.map((node) => node.depth)).toEqual([0, 1, 1]);
    expect(forest).toMatchObject({ start: 0, end: 100, spans: 3, logs: 0, errors: 0, depth: 2 });
  });

  it("keeps a span whose parent is missing, and says so", () => {
    const [root] = buildForest([span("b", "gone", 0, 10)]).roots;
    expect(root).toMatchObject({ key: "b", sign: "parent not recorded" });
  });

  it("opens circles at their earliest span", () => {
    const forest = buildForest([
      span("a", "b", 5, 10),
      span("b", "c", 3, 10),
      span("c", "a", 4, 10),
      span("d", "d", 0, 1),
    ]);
    expect(forest.roots.map((node) => [node.key, node.sign])).toEqual([
      ["d", "parents form a circle"],
      ["b", "parents form a circle"],
    ]);
    expect(keys(forest.nodes)).toEqual(["d", "b", "a", "c"]);
  });

  it("sets logs of OpenTelemetry on the span whose id they bear, and others below theirs", () => {
    const own = span("own", "a", 7, 7, { kind: "log", duration: null });
    const forest = buildForest([log("l", "a", 5), span("a", null, 0, 10), own, log("lost", "gone", 6)]);
    expect(keys(forest.nodes)).toEqual(["a", "~l", "own", "~lost"]);
    expect(forest.nodes.map((node) => node.note)).toEqual([false, true, true, true]);
    expect(forest.byKey.get("~lost")?.sign).toBe("parent not recorded");
    expect(forest).toMatchObject({ spans: 1, logs: 3 });
  });

  it("shows what runs until now, and what ended as ended although its beginning came too", () => {
    const rows = [pending("a", null, 0), pending("b", "a", 10), span("b", "a", 10, 30)];
    expect(buildForest(rows).nodes.map(({ key, end, running }) => [key, end, running])).toEqual([
      ["a", 30, true],
      ["b", 30, false],
    ]);
    expect(buildForest(rows, { asOf: 90 }).end).toBe(90);
    expect(buildForest([...rows].reverse()).running).toBe(1);
  });

  it("puts branches with errors first where one asks for it", () => {
    const rows = [
      span("a", null, 0, 9),
      span("b", "a", 1, 2),
      span("c", "a", 3, 6),
      span("d", "c", 4, 5, { level: 17 }),
    ];
    expect(keys(buildForest(rows, { errorsFirst: true }).nodes)).toEqual(["a", "c", "d", "b"]);
    expect(buildForest(rows).byKey.get("c")?.errors).toBe(1);
  });

  it("bears a chain as deep as the trace", () => {
    const rows = Array.from({ length: 50_000 }, (_, i) => span(`s${i}`, i ? `s${i - 1}` : null, i, 100_000));
    const forest = buildForest(rows);
    expect(forest.depth).toBe(50_000);
    expect(forest.nodes[2]?.parent?.parent).toBe(forest.nodes[0]);
  });

  it("holds every record exactly once, parents first, whatever the rows", () => {
    fc.assert(
      fc.property(traces, fc.boolean(), (rows, errorsFirst) => {
        const forest = buildForest(rows, { errorsFirst });
        expect(keys(forest.nodes).sort()).toEqual([...new Set(rows.map(keyOf))].sort());
        for (const [index, node] of forest.nodes.entries()) {
          expect(node.index).toBe(index);
          if (node.parent) {
            expect(node.parent.index).toBeLessThan(index);
            expect(index).toBeLessThan(node.parent.index + node.parent.size);
            expect(node.depth).toBe(node.parent.depth + 1);
          } else expect(node.depth).toBe(0);
          expect(node.end).toBeGreaterThanOrEqual(node.start);
        }
        expect(forest.roots.reduce((sum, root) => sum + root.size, 0)).toBe(forest.nodes.length);
        expect(forest.roots.reduce((sum, root) => sum + root.errors, 0)).toBe(forest.errors);
      }),
    );
  });
});
