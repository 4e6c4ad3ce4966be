/** The time axis of a trace: the part that is looked at, its ticks in readable units, and how one zooms and moves. Nanoseconds throughout. */
import { duration } from "../format/duration";

export interface Window {
  from: number;
  to: number;
}

/** No closer than this. */
const CLOSEST = 1000;

/** From the address: `1200-3400`; the whole where it says nothing that can be shown. */
export function windowOf(text: string, whole: Window): Window {
  const [, from, to] = /^(-?\d+)-(-?\d+)$/.exec(text) ?? [];
  if (!from || !to) return whole;
  return within({ from: Number(from), to: Number(to) }, whole);
}

export function windowText({ from, to }: Window, whole: Window): string | null {
  return from <= whole.from && to >= whole.to ? null : `${Math.floor(from)}-${Math.ceil(to)}`;
}

/** At least as long as the closest zoom, and inside of the whole. */
export function within(window: Window, whole: Window): Window {
  const most = Math.max(whole.to - whole.from, 1);
  const length = Math.min(most, Math.max(window.to - window.from, Math.min(CLOSEST, most)));
  const middle = (window.from + window.to) / 2;
  const from = Math.min(Math.max(middle - length / 2, whole.from), Math.max(whole.to - length, whole.from));
  return { from, to: from + length };
}

/** Longer or shorter by a factor around a point that stays in place. */
export function zoomed(window: Window, whole: Window, factor: number, around: number): Window {
  const at = Math.min(Math.max(around, window.from), window.to);
  return within({ from: at - (at - window.from) * factor, to: at + (window.to - at) * factor }, whole);
}

export function moved(window: Window, whole: Window, by: number): Window {
  return within({ from: window.from + by, to: window.to + by }, whole);
}

const SECOND = 1e9;
const LONG = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400].map(
  (seconds) => seconds * SECOND,
);

/** The distance between ticks so that about `most` fit. */
export function stepOf(length: number, most: number): number {
  const least = length / Math.max(1, most);
  if (least > SECOND)
    return LONG.find((step) => step >= least) ?? Math.ceil(least / (86_400 * SECOND)) * 86_400 * SECOND;
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return [1, 2, 5, 10].map((each) => each * power).find((step) => step >= least) ?? power * 10;
}

export interface Tick {
  at: number;
  words: string;
}

/** Deep in a long trace, ticks count from the first in sight: `1.2 s`, `+2 µs`, `+4 µs`. */
export function ticks(window: Window, origin: number, most: number): Tick[] {
  const step = stepOf(window.to - window.from, most);
  const first = Math.ceil((window.from - origin) / step - 1e-9) * step;
  const relative = Math.abs(first) / step > 5000;
  const made: Tick[] = [];
  for (let offset = first; origin + offset <= window.to && made.length < 100; offset += step) {
    const fromFirst = relative && made.length > 0;
    const words = fromFirst ? `+${tickWords(offset - first, step)}` : tickWords(offset, step);
    made.push({ at: origin + offset, words });
  }
  return made;
}

/** In the unit of the value, with as many places as the step needs. */
export function tickWords(offset: number, step: number): string {
  const size = Math.abs(offset);
  if (size === 0) return "0";
  if (size >= 60 * SECOND && step >= SECOND) return duration(offset / SECOND);
  const [unit, scale] =
    size >= SECOND
      ? (["s", SECOND] as const)
      : size >= 1e6
        ? (["ms", 1e6] as const)
        : size >= 1e3
          ? (["µs", 1e3] as const)
          : (["ns", 1] as const);
  const places = Math.min(9, Math.max(0, Math.ceil(-Math.log10(step / scale) - 1e-9)));
  return `${(offset / scale).toFixed(places)} ${unit}`;
}

/** Where a moment lies in the window, 0 to 1 and a little beyond: nothing that is out of sight needs its exact place. */
export function placeOf(at: number, { from, to }: Window): number {
  const place = (at - from) / Math.max(to - from, 1);
  return Math.min(Math.max(place, -0.05), 1.05);
}
