/** Where a trace is in the picture: its start from left to right, its duration from bottom to top on a logarithmic scale. */
import type { TraceSummary } from "../api/traces";
import { preferences } from "../state/preferences";
import { stepOf } from "../trace/axis";

export interface Frame {
  width: number;
  height: number;
  /** Milliseconds since the epoch. */
  since: number;
  until: number;
  /** Seconds, both above zero. */
  least: number;
  most: number;
}

/** What has no duration, as a single log, lies at the bottom. */
const SHORTEST = 1e-6;

/** All traces within whole powers of ten, and not less than two of them. */
export function frameOf(traces: TraceSummary[], since: number, until: number, width: number, height: number): Frame {
  const lengths = traces.map((trace) => Math.max(trace.duration, SHORTEST));
  const low = Math.floor(Math.log10(lengths.length ? Math.min(...lengths) : 1e-3) + 1e-9);
  const high = Math.ceil(Math.log10(lengths.length ? Math.max(...lengths) : 1) - 1e-9);
  const least = 10 ** Math.min(low, high - 2);
  const starts = traces.map((trace) => Date.parse(trace.start));
  return {
    width,
    height,
    since: Math.min(since, ...starts),
    until: Math.max(until, since + 1, ...starts),
    least,
    most: 10 ** high,
  };
}

export function placed({ start, duration }: TraceSummary, frame: Frame): { x: number; y: number } {
  const x = ((Date.parse(start) - frame.since) / (frame.until - frame.since)) * frame.width;
  const share = Math.log(Math.max(duration, SHORTEST) / frame.least) / Math.log(frame.most / frame.least);
  return { x, y: frame.height * (1 - share) };
}

export function timeAt(x: number, frame: Frame): number {
  return frame.since + (x / frame.width) * (frame.until - frame.since);
}

export function durationAt(y: number, frame: Frame): number {
  return frame.least * (frame.most / frame.least) ** (1 - y / frame.height);
}

/** The powers of ten between the ends. */
export function levels(frame: Frame): number[] {
  const from = Math.round(Math.log10(frame.least));
  const to = Math.round(Math.log10(frame.most));
  const step = Math.max(1, Math.ceil((to - from) / 4));
  const made = [];
  for (let power = from; power <= to; power += step) made.push(10 ** power);
  return made;
}

/** Round times between the ends, about `most` of them. */
export function timesOf(frame: Frame, most: number, zone = preferences.value.zone): number[] {
  const step = stepOf((frame.until - frame.since) * 1e6, Math.max(2, most)) / 1e6;
  const offset = zone === "utc" ? 0 : new Date(frame.since).getTimezoneOffset() * 60_000;
  const made = [];
  for (let at = Math.ceil((frame.since - offset) / step) * step + offset; at <= frame.until; at += step) made.push(at);
  return made;
}

/** The trace nearest to a point, if it is near. */
export function nearest(
  traces: TraceSummary[],
  x: number,
  y: number,
  frame: Frame,
  reach = 12,
): TraceSummary | undefined {
  let best: TraceSummary | undefined;
  let least = reach * reach;
  for (const trace of traces) {
    const at = placed(trace, frame);
    const distance = (at.x - x) ** 2 + (at.y - y) ** 2;
    if (distance <= least) [best, least] = [trace, distance];
  }
  return best;
}
