/** Where the nodes of the map stand: callers left of those they call, in columns; within a column, near their neighbours. */
import type { MapAnswer, MapEdge, MapNode } from "../api/services";

export interface Placed {
  node: MapNode;
  x: number;
  y: number;
}

export interface Drawn {
  edge: MapEdge;
  from: Placed;
  to: Placed;
}

export interface Layout {
  nodes: Placed[];
  edges: Drawn[];
  width: number;
  height: number;
}

export const NODE = { width: 208, height: 48 };
const GAP = { x: 96, y: 28 };
const SWEEPS = 6;

export function layoutOf({ nodes, edges }: Pick<MapAnswer, "nodes" | "edges">): Layout {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const known = edges.filter((edge) => byName.has(edge.from) && byName.has(edge.to) && edge.from !== edge.to);
  const column = columnsOf(nodes, known);
  const columns: MapNode[][] = [];
  for (const node of [...nodes].sort((a, b) => b.calls - a.calls || a.name.localeCompare(b.name))) {
    const at = column.get(node.name) ?? 0;
    columns[at] = [...(columns[at] ?? []), node];
  }
  const filled = columns.filter((each) => each?.length);
  order(filled, known);
  const tallest = Math.max(0, ...filled.map((each) => each.length));
  const height = tallest * (NODE.height + GAP.y) - (tallest ? GAP.y : 0);
  const placed = new Map<string, Placed>();
  filled.forEach((each, x) => {
    const own = each.length * (NODE.height + GAP.y) - GAP.y;
    each.forEach((node, y) => {
      placed.set(node.name, {
        node,
        x: x * (NODE.width + GAP.x),
        y: (height - own) / 2 + y * (NODE.height + GAP.y),
      });
    });
  });
  return {
    nodes: [...placed.values()],
    edges: known.flatMap((edge) => {
      const from = placed.get(edge.from);
      const to = placed.get(edge.to);
      return from && to ? [{ edge, from, to }] : [];
    }),
    width: filled.length ? filled.length * (NODE.width + GAP.x) - GAP.x : 0,
    height,
  };
}

/** The longest way from a node that nobody calls; the edges that would close a circle are passed over. */
function columnsOf(nodes: MapNode[], edges: MapEdge[]): Map<string, number> {
  const column = new Map<string, number>();
  const open = new Set<string>();
  const callers = new Map<string, string[]>();
  for (const edge of edges) callers.set(edge.to, [...(callers.get(edge.to) ?? []), edge.from]);
  function depth(name: string): number {
    const known = column.get(name);
    if (known !== undefined) return known;
    open.add(name);
    const before = (callers.get(name) ?? []).filter((caller) => !open.has(caller)).map(depth);
    open.delete(name);
    const own = before.length ? Math.max(...before) + 1 : 0;
    column.set(name, own);
    return own;
  }
  // The busiest first, so that a circle is cut where least goes through.
  for (const node of [...nodes].sort((a, b) => b.calls - a.calls)) depth(node.name);
  return column;
}

/** Sort each column by the middle of what its nodes are connected to, back and forth. */
function order(columns: MapNode[][], edges: MapEdge[]): void {
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const row = new Map(columns.flatMap((each) => each.map((node, index) => [node.name, index - each.length / 2])));
    for (const column of columns) {
      const middle = new Map(
        column.map((node) => {
          const near = edges.flatMap((edge) =>
            edge.from === node.name ? [row.get(edge.to) ?? 0] : edge.to === node.name ? [row.get(edge.from) ?? 0] : [],
          );
          return [
            node.name,
            near.length ? near.reduce((sum, each) => sum + each, 0) / near.length : (row.get(node.name) ?? 0),
          ];
        }),
      );
      column.sort((a, b) => (middle.get(a.name) ?? 0) - (middle.get(b.name) ?? 0));
    }
  }
}

/** How far, up or down, the line between two nodes swings so that it passes the others by, as far as it can. */
export function swing(from: Placed, to: Placed, nodes: Placed[]): number {
  const crossed = (aside: number) =>
    nodes.filter((each) => each !== from && each !== to && crosses(from, to, aside, each)).length;
  let best = 0;
  for (const aside of SWINGS) if (crossed(aside) < crossed(best)) best = aside;
  return best;
}

const SWINGS = [0, -52, 52, -104, 104];
const STEPS = 24;

/** Along the curve that the map draws: both its middle points stand half way, `aside` from their ends. */
function crosses(from: Placed, to: Placed, aside: number, box: Placed): boolean {
  const [x1, x2] = [from.x + NODE.width, to.x];
  const middle = (x1 + x2) / 2;
  for (let step = 1; step < STEPS; step += 1) {
    const t = step / STEPS;
    const [a, b, c] = [(1 - t) ** 3, 3 * t * (1 - t), t ** 3];
    const x = a * x1 + b * middle + c * x2;
    const y = NODE.height / 2 + from.y * (a + b * (1 - t)) + to.y * (c + b * t) + b * aside;
    if (x >= box.x && x <= box.x + NODE.width && y >= box.y && y <= box.y + NODE.height) return true;
  }
  return false;
}
