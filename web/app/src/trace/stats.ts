/** Where the time of a trace went: by service and by operation. Self time is a span's duration without what its children cover. */
import type { Forest, Node } from "./tree";

export interface Sum {
  service: string;
  /** Empty in a sum by service. */
  name: string;
  count: number;
  errors: number;
  /** Nanoseconds. */
  total: number;
  self: number;
  p50: number;
  max: number;
}

/** Nanoseconds of `node` in which none of its children ran. */
export function selfTime(node: Node): number {
  const inside = node.children
    .filter((child) => !child.note && child.end > child.start)
    .map((child) => [Math.max(child.start, node.start), Math.min(child.end, node.end)] as const)
    .filter(([from, to]) => to > from)
    .sort((a, b) => a[0] - b[0]);
  let free = node.end - node.start;
  let reached = node.start;
  for (const [from, to] of inside) {
    if (to <= reached) continue;
    free -= to - Math.max(from, reached);
    reached = to;
  }
  return Math.max(0, free);
}

export function byOperation(forest: Forest): Sum[] {
  return sums(forest, (node) => [node.row.service_name, node.row.span_name || node.row.message]);
}

export function byService(forest: Forest): Sum[] {
  return sums(forest, (node) => [node.row.service_name, ""]);
}

function sums(forest: Forest, of: (node: Node) => [string, string]): Sum[] {
  const groups = new Map<string, { service: string; name: string; nodes: Node[] }>();
  for (const node of forest.nodes) {
    if (node.row.kind !== "span" && node.row.kind !== "pending_span") continue;
    const [service, name] = of(node);
    const key = `${service}\u0000${name}`;
    const group = groups.get(key);
    if (group) group.nodes.push(node);
    else groups.set(key, { service, name, nodes: [node] });
  }
  return [...groups.values()].map(summed);
}

function summed({ service, name, nodes }: { service: string; name: string; nodes: Node[] }): Sum {
  const durations = nodes.map((node) => node.end - node.start).sort((a, b) => a - b);
  return {
    service,
    name,
    count: nodes.length,
    errors: nodes.filter((node) => node.error).length,
    total: durations.reduce((sum, each) => sum + each, 0),
    self: nodes.reduce((sum, node) => sum + selfTime(node), 0),
    p50: durations[Math.ceil(durations.length / 2) - 1] ?? 0,
    max: durations.at(-1) ?? 0,
  };
}

export interface Gap {
  from: number;
  to: number;
}

/** Times within the trace in which no span ran: queues, waits, what is not instrumented. */
export function gaps(forest: Forest): Gap[] {
  const spans = forest.nodes.filter((node) => !node.note).sort((a, b) => a.start - b.start);
  const found: Gap[] = [];
  let reached = spans[0]?.start ?? 0;
  for (const { start, end } of spans) {
    if (start > reached) found.push({ from: reached, to: start });
    reached = Math.max(reached, end);
  }
  return found;
}
