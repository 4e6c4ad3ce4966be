/** The records of a trace as a forest: who called whom. Made of rows in any order, with parents missing, twice there or in circles. */
import { distinct, isOwn, keyOf, type TraceRow } from "./rows";

/** Why a record stands at the top although it names a parent. */
export type Sign = "" | "parent not recorded" | "parents form a circle";

export interface Node {
  key: string;
  row: TraceRow;
  parent: Node | null;
  /** Everything right below, in the order of its start. */
  children: Node[];
  start: number;
  end: number;
  /** Without an end yet. */
  running: boolean;
  error: boolean;
  sign: Sign;
  /** A log or an event with nothing below: a tick on its span. */
  note: boolean;
  depth: number;
  /** The place in `Forest.nodes`; what lies below follows right behind, `size` in all. */
  index: number;
  size: number;
  /** Spans and errors in it and below. */
  spans: number;
  errors: number;
}

export interface Forest {
  roots: Node[];
  /** Parents before children. */
  nodes: Node[];
  byKey: Map<string, Node>;
  start: number;
  end: number;
  spans: number;
  logs: number;
  errors: number;
  running: number;
  /** Levels of spans. */
  depth: number;
  /** Spans of each service, the busiest first. */
  services: { name: string; spans: number }[];
}

export interface Shape {
  /** How far the time has come: spans without an end reach so far, or to the latest that is known. */
  asOf?: number | undefined;
  /** Branches with errors before their siblings. */
  errorsFirst?: boolean;
}

export function isError(row: TraceRow): boolean {
  return row.level >= 17 || row.status_code === "ERROR";
}

export function buildForest(rows: Iterable<TraceRow>, { asOf, errorsFirst = false }: Shape = {}): Forest {
  const nodes = [...distinct(rows).values()].map(nodeOf);
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  for (const node of nodes) adopt(node, byKey);
  breakCircles(nodes);
  for (const node of nodes) node.parent?.children.push(node);
  setEnds(nodes, asOf);
  for (const node of nodes) {
    node.note = node.row.kind !== "span" && node.row.kind !== "pending_span" && !node.children.length;
    if (node.children.length > 1) node.children.sort(byStart);
  }
  const roots = nodes.filter((node) => !node.parent).sort(byStart);
  let ordered = preorder(roots);
  countUp(ordered);
  if (errorsFirst) {
    for (const node of ordered) node.children.sort(byErrors);
    roots.sort(byErrors);
    ordered = preorder(roots);
  }
  return { roots, nodes: ordered, byKey, ...facts(ordered) };
}

function nodeOf(row: TraceRow): Node {
  return {
    key: keyOf(row),
    row,
    parent: null,
    children: [],
    start: row.start,
    end: row.start,
    running: row.kind === "pending_span",
    error: isError(row),
    sign: "",
    note: false,
    depth: 0,
    index: 0,
    size: 1,
    spans: 0,
    errors: 0,
  };
}

function adopt(node: Node, byKey: Map<string, Node>): void {
  const { row } = node;
  const named = isOwn(row) || row.kind === "span_event" ? row.parent_span_id : row.span_id || row.parent_span_id;
  if (!named) return;
  const parent = byKey.get(named);
  if (parent) node.parent = parent;
  else node.sign = "parent not recorded";
}

/** Climbs from every node; where a climb meets itself, the earliest of the circle becomes a root. */
function breakCircles(nodes: Node[]): void {
  const climbed = new Map<Node, Node>();
  for (const from of nodes) {
    let at: Node | null = from;
    while (at && !climbed.has(at)) {
      climbed.set(at, from);
      at = at.parent;
    }
    if (!at || climbed.get(at) !== from) continue;
    let first: Node = at;
    for (let each = at.parent; each && each !== at; each = each.parent) if (each.start < first.start) first = each;
    first.parent = null;
    first.sign = "parents form a circle";
  }
}

function setEnds(nodes: Node[], asOf: number | undefined): void {
  let latest = asOf ?? Number.NEGATIVE_INFINITY;
  for (const node of nodes) {
    node.end = node.start + (node.row.duration ?? 0);
    if (node.end > latest) latest = node.end;
  }
  for (const node of nodes) if (node.running) node.end = Math.max(node.start, latest);
}

function byStart(a: Node, b: Node): number {
  return a.start - b.start || b.end - a.end || (a.key < b.key ? -1 : 1);
}

function byErrors(a: Node, b: Node): number {
  return Number(b.errors > 0) - Number(a.errors > 0) || byStart(a, b);
}

/** Without recursion: a chain may be as deep as the trace has spans. */
function preorder(roots: Node[]): Node[] {
  const ordered: Node[] = [];
  const stack = [...roots].reverse();
  for (let node = stack.pop(); node; node = stack.pop()) {
    node.index = ordered.length;
    node.depth = node.parent ? node.parent.depth + 1 : 0;
    ordered.push(node);
    for (let i = node.children.length - 1; i >= 0; i -= 1) stack.push(node.children[i] as Node);
  }
  return ordered;
}

function countUp(ordered: Node[]): void {
  for (const node of ordered) {
    node.size = 1;
    node.spans = node.row.kind === "span" || node.row.kind === "pending_span" ? 1 : 0;
    node.errors = node.error ? 1 : 0;
  }
  for (let i = ordered.length - 1; i >= 0; i -= 1) {
    const { parent, size, spans, errors } = ordered[i] as Node;
    if (!parent) continue;
    parent.size += size;
    parent.spans += spans;
    parent.errors += errors;
  }
}

function facts(nodes: Node[]): Omit<Forest, "roots" | "nodes" | "byKey"> {
  const services = new Map<string, number>();
  let [start, end, spans, errors, running, depth] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0, 0];
  for (const node of nodes) {
    const isSpan = node.row.kind === "span" || node.row.kind === "pending_span";
    start = Math.min(start, node.start);
    end = Math.max(end, node.end);
    spans += Number(isSpan);
    errors += Number(node.error);
    running += Number(node.running);
    if (!node.note) depth = Math.max(depth, node.depth + 1);
    services.set(node.row.service_name, (services.get(node.row.service_name) ?? 0) + Number(isSpan));
  }
  return {
    start: nodes.length ? start : 0,
    end: nodes.length ? end : 0,
    spans,
    logs: nodes.length - spans,
    errors,
    running,
    depth,
    services: [...services]
      .map(([name, count]) => ({ name, spans: count }))
      .sort((a, b) => b.spans - a.spans || (a.name < b.name ? -1 : 1)),
  };
}
