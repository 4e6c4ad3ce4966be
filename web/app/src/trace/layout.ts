/** What of a forest is shown where: the rows of the waterfall with parts folded, the lanes of the flame graph. */
import type { Forest, Node } from "./tree";

/** The rows in sight. Notes are rows only if asked for, or where no span holds them. */
export function visibleRows(forest: Forest, collapsed: ReadonlySet<string>, notes: boolean): Node[] {
  const rows: Node[] = [];
  for (let i = 0; i < forest.nodes.length; ) {
    const node = forest.nodes[i] as Node;
    if (!node.note || notes || !node.parent) rows.push(node);
    i += collapsed.has(node.key) ? node.size : 1;
  }
  return rows;
}

/** Whether there is something to fold. */
export function isExpandable(node: Node, notes: boolean): boolean {
  return notes ? node.children.length > 0 : node.children.some((child) => !child.note);
}

/** What is folded so that nothing deeper than `depth` levels shows. */
export function collapsedBelow(forest: Forest, depth: number): Set<string> {
  const collapsed = new Set<string>();
  for (const node of forest.nodes) if (node.depth >= depth - 1 && node.children.length) collapsed.add(node.key);
  return collapsed;
}

/** Folds or unfolds a node, with `whole` also all below it. */
export function toggled(
  forest: Forest,
  collapsed: ReadonlySet<string>,
  node: Node,
  open: boolean,
  whole = false,
): Set<string> {
  const next = new Set(collapsed);
  const last = whole ? node.index + node.size : node.index + 1;
  for (let i = node.index; i < last; i += 1) {
    const each = forest.nodes[i] as Node;
    if (open) next.delete(each.key);
    else if (each.children.length) next.add(each.key);
  }
  return next;
}

/** Unfolds whatever hides a node; the same set where nothing does. */
export function revealed(collapsed: ReadonlySet<string>, node: Node): ReadonlySet<string> {
  const hiding: string[] = [];
  for (let at = node.parent; at; at = at.parent) if (collapsed.has(at.key)) hiding.push(at.key);
  if (!hiding.length) return collapsed;
  const next = new Set(collapsed);
  for (const key of hiding) next.delete(key);
  return next;
}

/** More lanes than anybody scrolls through: what does not fit shares the last. */
export const MOST_LANES = 400;

export interface Lanes {
  /** The lane of each node by its index; -1 for notes. */
  of: Int32Array;
  count: number;
}

/** Each span below its parent, in the first lane that is free during it. */
export function flameLanes(forest: Forest): Lanes {
  const of = new Int32Array(forest.nodes.length).fill(-1);
  const taken: { starts: number[]; ends: number[] }[] = [];
  for (const node of forest.nodes) {
    if (node.note) continue;
    let lane = node.parent ? (of[node.parent.index] ?? -1) + 1 : 0;
    while (lane < MOST_LANES - 1 && !take(taken, lane, node)) lane += 1;
    of[node.index] = Math.min(lane, MOST_LANES - 1);
  }
  return { of, count: of.reduce((most, lane) => Math.max(most, lane + 1), 0) };
}

/** The intervals of a lane do not overlap: their starts and ends are in the same order. */
function take(taken: { starts: number[]; ends: number[] }[], lane: number, node: Node): boolean {
  while (taken.length <= lane) taken.push({ starts: [], ends: [] });
  const { starts, ends } = taken[lane] as { starts: number[]; ends: number[] };
  const end = Math.max(node.end, node.start + 1);
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle] as number) <= node.start) low = middle + 1;
    else high = middle;
  }
  if (low < starts.length && (starts[low] as number) < end) return false;
  starts.splice(low, 0, node.start);
  ends.splice(low, 0, end);
  return true;
}
