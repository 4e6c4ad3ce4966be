import fc from "fast-check";
import { expect, test } from "vitest";
import type { MapEdge, MapNode } from "../api/services";
import { layoutOf, NODE, swing } from "./mapLayout";

const node = (name: string, calls = 1): MapNode => ({ name, kind: "service", calls, errors: 0, p95: null });
const edge = (from: string, to: string): MapEdge => ({ from, to, calls: 1, errors: 0, p95: null });

test("callers stand left of those they call", () => {
  const { nodes } = layoutOf({
    nodes: [node("db"), node("web"), node("api")],
    edges: [edge("web", "api"), edge("api", "db"), edge("web", "db")],
  });
  const x = Object.fromEntries(nodes.map((each) => [each.node.name, each.x]));
  expect(x.web).toBeLessThan(x.api ?? 0);
  expect(x.api).toBeLessThan(x.db ?? 0);
});

test("a service that calls itself, and two that call each other, end", () => {
  const { nodes, edges } = layoutOf({
    nodes: [node("a"), node("b")],
    edges: [edge("a", "a"), edge("a", "b"), edge("b", "a")],
  });
  expect(nodes).toHaveLength(2);
  expect(edges).toHaveLength(2);
});

test("every node has a place of its own, whatever calls whom", () => {
  const name = fc.constantFrom(..."abcdefghij");
  fc.assert(
    fc.property(fc.uniqueArray(name), fc.array(fc.tuple(name, name)), (names, pairs) => {
      const { nodes, width, height } = layoutOf({
        nodes: names.map((each, index) => node(each, index)),
        edges: pairs.map(([from, to]) => edge(from, to)),
      });
      expect(nodes.map((each) => each.node.name).sort()).toEqual([...names].sort());
      expect(new Set(nodes.map((each) => `${each.x} ${each.y}`)).size).toBe(names.length);
      for (const each of nodes) {
        expect(each.x + NODE.width).toBeLessThanOrEqual(width);
        expect(each.y).toBeGreaterThanOrEqual(0);
        expect(each.y + NODE.height).toBeLessThanOrEqual(height);
      }
    }),
  );
});

test("a line swings past what stands in its way, and is straight where nothing does", () => {
  const at = (name: string, x: number, y: number) => ({ node: node(name), x, y });
  const [web, api, db] = [at("web", 0, 0), at("api", 288, 0), at("db", 576, 0)];
  expect(swing(web, db, [web, db])).toBe(0);
  expect(swing(web, db, [web, api, db])).toBe(-52);
  expect(swing(web, db, [web, api, db, at("above", 288, -60)])).toBe(52);
});
