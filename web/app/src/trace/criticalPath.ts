/** The critical path: which parts of which spans determine how long the trace took. Read from its end backwards:
 *  the child that ended last is what was waited for; before it started, the one that had ended last by then; else the span itself. */
import type { Forest, Node } from "./tree";

export interface Segment {
  node: Node;
  from: number;
  to: number;
}

interface Frame {
  /** Undefined is the trace itself, whose children are the roots. */
  node: Node | undefined;
  from: number;
  cursor: number;
  steps: { node: Node; from: number; to: number }[];
  next: number;
}

/** A sibling of which no more than this share lies within the next step still counts as the step before it. */
const OVERLAP = 1 / 3;

/** Segments in the order of time. They do not overlap; what is between them is time outside any span. */
export function criticalPath(forest: Forest): Segment[] {
  const ends = reaches(forest);
  const path: Segment[] = [];
  const frames: Frame[] = [frame(undefined, forest.roots, forest.start, forest.end, ends)];
  while (frames.length) {
    const top = frames[frames.length - 1] as Frame;
    const step = top.steps[top.next];
    if (!step) {
      emit(path, top.node, top.from, top.cursor);
      frames.pop();
      continue;
    }
    top.next += 1;
    const from = Math.max(step.from, top.from);
    const overlap = step.to - top.cursor;
    if (overlap > OVERLAP * (step.to - from)) continue;
    const to = Math.min(step.to, top.cursor);
    if (to <= from) continue;
    emit(path, top.node, to, top.cursor);
    top.cursor = from;
    frames.push(frame(step.node, step.node.children, from, to, ends));
  }
  return path.sort((a, b) => a.from - b.from);
}

/** By the node's key, for drawing. */
export function pathByNode(path: Segment[]): Map<string, Segment[]> {
  const found = new Map<string, Segment[]>();
  for (const segment of path) {
    const known = found.get(segment.node.key);
    if (known) known.push(segment);
    else found.set(segment.node.key, [segment]);
  }
  return found;
}

function frame(node: Node | undefined, children: Node[], from: number, cursor: number, ends: Float64Array): Frame {
  const steps = [];
  for (const child of children) {
    const to = node ? reachWithin(child, node, ends) : (ends[child.index] ?? child.end);
    if (to > child.start) steps.push({ node: child, from: child.start, to });
  }
  steps.sort((a, b) => b.to - a.to || a.from - b.from);
  return { node, from, cursor, steps, next: 0 };
}

/** A span's own part lies within the span, whatever outlives it. */
function emit(path: Segment[], node: Node | undefined, from: number, to: number): void {
  if (!node) return;
  const begin = Math.max(from, node.start);
  const end = Math.min(to, node.end);
  if (end > begin) path.push({ node, from: begin, to: end });
}

/** Where each node ends with all that goes on after it, by its index. */
function reaches(forest: Forest): Float64Array {
  const ends = Float64Array.from(forest.nodes, (node) => node.end);
  for (let i = forest.nodes.length - 1; i >= 0; i -= 1) {
    const node = forest.nodes[i] as Node;
    if (node.parent) {
      const at = node.parent.index;
      ends[at] = Math.max(ends[at] ?? 0, reachWithin(node, node.parent, ends));
    }
  }
  return ends;
}

function reachWithin(child: Node, parent: Node, ends: Float64Array): number {
  const reach = ends[child.index] ?? child.end;
  if (reach > child.end || isDetached(child, parent)) return reach;
  return Math.min(reach, parent.end);
}

/** Whether a child goes on by itself. One of another service that ends after its parent was measured by another clock: it is cut at the parent's end. */
function isDetached(child: Node, parent: Node): boolean {
  if (child.end <= parent.end) return false;
  return (
    child.row.service_name === parent.row.service_name ||
    child.row.span_kind === "consumer" ||
    parent.row.span_kind === "producer" ||
    child.start >= parent.end
  );
}
