/** Which span is where in the flame graph: by lane in the order of time, and the one under a point. */
import type { Lanes } from "./layout";
import type { Forest, Node } from "./tree";

export function spansByLane(forest: Forest, lanes: Lanes): Node[][] {
  const found: Node[][] = Array.from({ length: lanes.count }, () => []);
  for (const node of forest.nodes) found[lanes.of[node.index] ?? -1]?.push(node);
  for (const lane of found) lane.sort((a, b) => a.start - b.start);
  return found;
}

/** The span of a lane at a time; short ones can be met within `reach`. */
export function spanAt(lane: Node[], at: number, reach: number): Node | undefined {
  let best: Node | undefined;
  for (const node of lane) {
    if (node.start > at + reach) break;
    if (node.start <= at && at <= node.end) return node;
    if (node.end >= at - reach) best = node;
  }
  return best;
}

/** Where an arrow key leads: to the parent, the first child, or the sibling before or after. */
export function neighbour(
  forest: Forest,
  node: Node | undefined,
  key: "up" | "down" | "left" | "right",
): Node | undefined {
  if (!node) return forest.roots.find((root) => !root.note);
  if (key === "up") return node.parent ?? undefined;
  if (key === "down") return node.children.find((child) => !child.note);
  const siblings = (node.parent?.children ?? forest.roots)
    .filter((each) => !each.note)
    .sort((a, b) => a.start - b.start);
  return siblings[siblings.indexOf(node) + (key === "right" ? 1 : -1)];
}
