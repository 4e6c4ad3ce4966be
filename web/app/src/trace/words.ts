/** What is said of a span: its length, its state, and the whole of it for those who listen. */
import { exactDuration, duration as short } from "../format/duration";
import { levelName } from "../format/level";
import type { Node } from "./tree";

/** Nanoseconds for people. */
export function long(nanoseconds: number): string {
  return short(nanoseconds / 1e9);
}

export function exactLong(nanoseconds: number): string {
  return exactDuration(nanoseconds / 1e9);
}

/** With its sign: `+120 ms`, `−3 ms`. */
export function signed(nanoseconds: number): string {
  return nanoseconds > 0 ? `+${long(nanoseconds)}` : long(nanoseconds);
}

export function nameOf(node: Node): string {
  return node.row.message || node.row.span_name || (node.note ? "log" : "span");
}

/** `runs`: a span without an end is thought to be still at work. */
export function spoken(node: Node, runs: boolean): string {
  const { row } = node;
  const parts = [row.service_name || "no service", nameOf(node)];
  if (node.running) parts.push(runs ? `running for ${long(node.end - node.start)}` : "no end recorded");
  else if (node.note) parts.push(levelName(row.level));
  else parts.push(long(node.end - node.start));
  if (node.error) parts.push(row.exception_type ? `error ${row.exception_type}` : "error");
  if (node.sign) parts.push(node.sign);
  return parts.join(", ");
}
