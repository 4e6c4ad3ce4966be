import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collapsedBelow, flameLanes, isExpandable, revealed, toggled, visibleRows } from "./layout";
import { log, span, traces } from "./sample";
import { buildForest, type Node } from "./tree";

const forest = buildForest([
  span("a", null, 0, 100),
  span("b", "a", 10, 40),
  span("c", "b", 20, 30),
  span("d", "a", 35, 90),
  log("l", "b", 15),
  log("root", "", 50),
]);
const shown = (collapsed: ReadonlySet<string>, notes = false) =>
  visibleRows(forest, collapsed, notes).map(({ key }) => key);
const node = (key: string) => forest.byKey.get(key) as Node;

describe("visible rows", () => {
  it("leave out what is folded, and logs unless asked for or without a span", () => {
    expect(shown(new Set())).toEqual(["a", "b", "c", "d", "~root"]);
    expect(shown(new Set(), true)).toEqual(["a", "b", "~l", "c", "d", "~root"]);
    expect(shown(new Set(["b"]))).toEqual(["a", "b", "d", "~root"]);
    expect(shown(collapsedBelow(forest, 1))).toEqual(["a", "~root"]);
    expect(shown(collapsedBelow(forest, 2))).toEqual(["a", "b", "d", "~root"]);
  });

  it("fold and unfold one or a whole subtree", () => {
    const all = toggled(forest, new Set(), node("a"), false, true);
    expect([...all]).toEqual(["a", "b"]);
    expect([...toggled(forest, all, node("a"), true)]).toEqual(["b"]);
    expect([...toggled(forest, all, node("a"), true, true)]).toEqual([]);
    expect([...revealed(all, node("c"))]).toEqual([]);
    expect(revealed(new Set(["c"]), node("c")).has("c")).toBe(true);
    expect([isExpandable(node("b"), false), isExpandable(node("c"), true)]).toEqual([true, false]);
  });

  it("are all spans of a forest without folds, in its order", () => {
    fc.assert(
      fc.property(traces, (rows) => {
        const drawn = buildForest(rows);
        expect(visibleRows(drawn, new Set(), true)).toEqual(drawn.nodes);
        const spans = drawn.nodes.filter((each) => !each.note || !each.parent);
        expect(visibleRows(drawn, new Set(), false)).toEqual(spans);
        expect(visibleRows(drawn, collapsedBelow(drawn, 1), true)).toEqual(drawn.roots);
      }),
    );
  });
});

describe("lanes of the flame graph", () => {
  it("set overlapping siblings below each other", () => {
    const { of, count } = flameLanes(forest);
    expect(["a", "b", "c", "d"].map((key) => of[node(key).index])).toEqual(
      [0, 1, 2, 2].map((lane, i) => (i === 3 ? 2 : lane)),
    );
    expect(count).toBe(3);
  });

  it("never hold two spans at once, and every child is below its parent", () => {
    fc.assert(
      fc.property(traces, (rows) => {
        const drawn = buildForest(rows);
        const { of } = flameLanes(drawn);
        const lanes = new Map<number, Node[]>();
        for (const each of drawn.nodes) {
          const lane = of[each.index] ?? -1;
          if (each.note) expect(lane).toBe(-1);
          else {
            expect(lane).toBeGreaterThanOrEqual(each.parent ? (of[each.parent.index] ?? 0) + 1 : 0);
            lanes.set(lane, [...(lanes.get(lane) ?? []), each]);
          }
        }
        for (const lane of lanes.values()) {
          lane.sort((a, b) => a.start - b.start || a.end - b.end);
          for (let i = 1; i < lane.length; i += 1)
            expect((lane[i] as Node).start).toBeGreaterThanOrEqual((lane[i - 1] as Node).end);
        }
      }),
    );
  });
});
