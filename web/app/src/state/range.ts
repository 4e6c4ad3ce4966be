/** The time range of the page, from its address: `from=15m` is the last fifteen minutes, `from=…&to=…` are two moments. */
import { computed } from "@preact/signals";
import { durationOf } from "../format/duration";
import { linkWith, param, set } from "./address";

export type Range =
  | { kind: "relative"; seconds: number; text: string }
  | { kind: "absolute"; since: string; until: string };

export const DEFAULT_RANGE = "15m";

export const PRESETS: { text: string; words: string }[] = [
  { text: "5m", words: "Last 5 minutes" },
  { text: "15m", words: "Last 15 minutes" },
  { text: "1h", words: "Last hour" },
  { text: "6h", words: "Last 6 hours" },
  { text: "1d", words: "Last day" },
  { text: "7d", words: "Last 7 days" },
  { text: "30d", words: "Last 30 days" },
];

/** Read a range; what cannot be read is the default. */
export function rangeOf(from: string, to: string): Range {
  if (from && to && !Number.isNaN(Date.parse(from)) && !Number.isNaN(Date.parse(to))) {
    return Date.parse(from) <= Date.parse(to)
      ? { kind: "absolute", since: from, until: to }
      : { kind: "absolute", since: to, until: from };
  }
  const text = from || DEFAULT_RANGE;
  const seconds = durationOf(text);
  if (seconds !== undefined && seconds > 0) return { kind: "relative", seconds, text };
  return { kind: "relative", seconds: 900, text: DEFAULT_RANGE };
}

export const range = computed<Range>(() => rangeOf(param("from"), param("to")));

/** The moments that a range means now. An open end is null, so that what arrives next still counts. */
export function bounds(of: Range, now: number = Date.now()): { since: string; until: string | null } {
  if (of.kind === "absolute") return { since: of.since, until: of.until };
  return { since: new Date(now - of.seconds * 1000).toISOString(), until: null };
}

/** The same as two numbers of milliseconds. */
export function span(of: Range, now: number = Date.now()): [number, number] {
  const { since, until } = bounds(of, now);
  return [Date.parse(since), until === null ? now : Date.parse(until)];
}

export function choose(text: string): void {
  set({ from: text === DEFAULT_RANGE ? null : text, to: null });
}

export function chooseBetween(since: number, until: number): void {
  set({ from: new Date(Math.floor(since)).toISOString(), to: new Date(Math.ceil(until)).toISOString() });
}

/** The address to be sent to somebody: what "the last hour" means now, so that tomorrow it shows the same. */
export function permalink(now: number = Date.now()): string {
  const [since, until] = span(range.value, now);
  return linkWith({ from: new Date(since).toISOString(), to: new Date(until).toISOString() });
}

/** What the button says. */
export function rangeWords(of: Range, moment: (iso: string) => string): string {
  if (of.kind === "relative") return PRESETS.find((preset) => preset.text === of.text)?.words ?? `Last ${of.text}`;
  return `${moment(of.since)} – ${moment(of.until)}`;
}
