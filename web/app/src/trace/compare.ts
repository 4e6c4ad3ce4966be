/** Two traces side by side: spans with the same path of services and names belong together, so that a query asked a hundred times more shows as one line. */
import type { Forest, Node } from "./tree";

export type Verdict = "same" | "longer" | "shorter" | "missing" | "new";

export interface Side {
  count: number;
  errors: number;
  /** Nanoseconds, of all spans together. */
  total: number;
  /** The longest of them. */
  node: Node;
}

export interface Pair {
  key: string;
  depth: number;
  service: string;
  name: string;
  a: Side | undefined;
  b: Side | undefined;
  verdict: Verdict;
  /** `b` less `a`. */
  difference: number;
}

interface Group {
  id: number;
  depth: number;
  service: string;
  name: string;
  start: number;
  a: Side | undefined;
  b: Side | undefined;
  children: Group[];
}

/** Less than this share of the larger, and less than this of a second, is no difference. */
const SHARE = 0.05;
const LEAST = 50_000;

/** The pairs as a tree in preorder; `a` is the trace that is looked at, `b` the one it is compared with: a difference says what `b` took more. */
export function compared(a: Forest, b: Forest): Pair[] {
  const known = new Map<string, Group>();
  const roots: Group[] = [];
  gather(a, "a", known, roots);
  gather(b, "b", known, roots);
  const pairs: Pair[] = [];
  const stack = roots.sort(earlier).reverse();
  for (let group = stack.pop(); group; group = stack.pop()) {
    pairs.push(pairOf(group));
    stack.push(...group.children.sort(earlier).reverse());
  }
  return pairs;
}

function gather(forest: Forest, side: "a" | "b", known: Map<string, Group>, roots: Group[]): void {
  const groups = new Array<Group | undefined>(forest.nodes.length);
  for (const node of forest.nodes) {
    if (node.note) continue;
    const parent = node.parent ? groups[node.parent.index] : undefined;
    const name = node.row.span_name || node.row.message;
    // The id of the parent's group stands for the whole path above.
    const key = `${parent?.id ?? -1}\u0000${node.row.service_name}\u0000${name}`;
    let group = known.get(key);
    if (!group) {
      const depth = parent ? parent.depth + 1 : 0;
      const service = node.row.service_name;
      const start = node.start - forest.start;
      group = { id: known.size, depth, service, name, start, a: undefined, b: undefined, children: [] };
      known.set(key, group);
      (parent?.children ?? roots).push(group);
    }
    groups[node.index] = group;
    group[side] = added(group[side], node);
  }
}

function added(side: Side | undefined, node: Node): Side {
  const length = node.end - node.start;
  if (!side) return { count: 1, errors: Number(node.error), total: length, node };
  return {
    count: side.count + 1,
    errors: side.errors + Number(node.error),
    total: side.total + length,
    node: length > side.node.end - side.node.start ? node : side.node,
  };
}

function earlier(a: Group, b: Group): number {
  return a.start - b.start || a.id - b.id;
}

function pairOf(group: Group): Pair {
  const { id, depth, service, name, a, b } = group;
  const difference = (b?.total ?? 0) - (a?.total ?? 0);
  return { key: String(id), depth, service, name, a, b, difference, verdict: verdictOf(a, b, difference) };
}

function verdictOf(a: Side | undefined, b: Side | undefined, difference: number): Verdict {
  if (!a) return "new";
  if (!b) return "missing";
  if (Math.abs(difference) <= Math.max(LEAST, SHARE * Math.max(a.total, b.total))) return "same";
  return difference > 0 ? "longer" : "shorter";
}
