import { describe, expect, it } from "vitest";
import { barOf, criticalParts, ticksOn } from "./bars";
import { neighbour, spanAt, spansByLane } from "./flame";
import { flameLanes } from "./layout";
import { log, span } from "./sample";
import { buildForest, type Node } from "./tree";

const window = { from: 0, to: 1000 };
const forest = buildForest([
  span("a", null, 0, 1000, { events: [{ name: "retry", at: 500 }] }),
  span("b", "a", 100, 300),
  span("c", "a", 400, 900),
  log("one", "a", 250, { level: 13 }),
  log("two", "a", 251, { level: 17 }),
]);
const node = (key: string) => forest.byKey.get(key) as Node;

describe("a bar", () => {
  it("lies where its span was, or nowhere", () => {
    expect(barOf(node("b"), window)).toEqual({ left: 10, width: 20 });
    expect(barOf(node("b"), { from: 400, to: 500 })).toBeUndefined();
    expect(barOf(node("a"), { from: 400, to: 500 })).toEqual({ left: -5, width: 110 });
  });

  it("draws critical parts that nearly touch as one", () => {
    const at = (from: number, to: number) => ({ node: node("a"), from, to });
    expect(criticalParts([at(0, 100), at(101, 200), at(400, 500)], window)).toEqual([
      { left: 0, width: 20 },
      { left: 40, width: 10 },
    ]);
    expect(criticalParts(undefined, window)).toEqual([]);
  });

  it("bears logs and events, the worst where they share a place", () => {
    const ticks = ticksOn(node("a"), window);
    expect(ticks.map(({ level, note }) => [level, note?.key])).toEqual([
      [17, "~two"],
      [9, undefined],
    ]);
    expect(ticks[0]?.words).toBe("2 logs and events");
    expect(ticks[1]?.words).toBe("retry · 500 ns after the start");
  });
});

describe("the flame graph", () => {
  const lanes = spansByLane(forest, flameLanes(forest));

  it("finds the span under a point, short ones near it", () => {
    expect(spanAt(lanes[1] ?? [], 200, 0)?.key).toBe("b");
    expect(spanAt(lanes[1] ?? [], 350, 10)).toBeUndefined();
    expect(spanAt(lanes[1] ?? [], 395, 10)?.key).toBe("c");
  });

  it("goes to parents, children and siblings", () => {
    expect(neighbour(forest, undefined, "down")?.key).toBe("a");
    expect(neighbour(forest, node("a"), "down")?.key).toBe("b");
    expect(neighbour(forest, node("b"), "right")?.key).toBe("c");
    expect(neighbour(forest, node("b"), "left")).toBeUndefined();
    expect(neighbour(forest, node("c"), "up")?.key).toBe("a");
  });
});
