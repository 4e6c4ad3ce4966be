/** Where the parts of a span's bar lie in the window, in percent: few enough to draw, however much there is. */
import { placeOf, type Window } from "./axis";
import type { Segment } from "./criticalPath";
import type { Node } from "./tree";
import { long, nameOf } from "./words";

export interface Part {
  left: number;
  width: number;
}

/** Undefined where the span is out of sight. */
export function barOf(node: Node, window: Window): Part | undefined {
  if (node.end < window.from || node.start > window.to) return undefined;
  const left = placeOf(node.start, window) * 100;
  return { left, width: placeOf(node.end, window) * 100 - left };
}

/** Closer together than this, two parts are drawn as one. */
const CLOSE = 0.12;

export function criticalParts(segments: Segment[] | undefined, window: Window): Part[] {
  const parts: Part[] = [];
  for (const { from, to } of segments ?? []) {
    if (to < window.from || from > window.to) continue;
    const left = placeOf(from, window) * 100;
    const right = placeOf(to, window) * 100;
    const last = parts.at(-1);
    if (last && left - (last.left + last.width) < CLOSE) last.width = Math.max(last.width, right - last.left);
    else parts.push({ left, width: right - left });
  }
  return parts;
}

export interface TickOn {
  place: number;
  level: number;
  words: string;
  /** A single log; events are told by the span's own details. */
  note: Node | undefined;
}

/** So many ticks can be told apart on a bar. */
const TICKS = 120;

/** Logs and events on a span; where several share a place, the worst level counts. */
export function ticksOn(node: Node, window: Window): TickOn[] {
  const ticks = new Map<number, TickOn & { count: number }>();
  function add(at: number, level: number, name: string, note: Node | undefined) {
    const exact = placeOf(at, window);
    if (exact < 0 || exact > 1) return;
    const place = (Math.round(exact * TICKS) / TICKS) * 100;
    const known = ticks.get(place);
    const words = `${name} · ${long(at - node.start)} after the start`;
    if (!known) ticks.set(place, { place, level, words, note, count: 1 });
    else {
      known.count += 1;
      known.words = `${known.count} logs and events`;
      if (level > known.level) Object.assign(known, { level, note });
    }
  }
  for (const child of node.children)
    if (child.note && child.row.kind === "log") add(child.start, child.row.level, nameOf(child), child);
  for (const event of node.row.events) add(event.at, 9, event.name, undefined);
  return [...ticks.values()];
}
