/** How wide the columns of the result are: as wide as what they hold, within reason, or as the reader drew them. */
import { shown } from "./cells";
import type { Result } from "./result";

export const LEAST = 48;
const MOST = 420;
const SAMPLE = 200;
const LETTER = 7.3;
const PADDING = 18;
const SIGN = 24;

export function fittingWidth(result: Result, index: number, most: number = MOST): number {
  const column = result.columns[index];
  if (!column) return LEAST;
  let letters = column.name.length + SIGN / LETTER;
  for (const row of result.rows.slice(0, SAMPLE)) letters = Math.max(letters, shown(row[index] ?? null, column).length);
  return Math.round(Math.min(most, Math.max(LEAST, letters * LETTER + PADDING)));
}

/** Where each column begins, and at the end of the list where the last one ends. */
export function starts(widths: number[]): number[] {
  const edges = [0];
  for (const width of widths) edges.push((edges.at(-1) ?? 0) + width);
  return edges;
}

/** The columns between two edges of the view: the first, and the one after the last. */
export function between(edges: number[], left: number, right: number): [number, number] {
  let first = 0;
  while (first < edges.length - 2 && (edges[first + 1] ?? 0) <= left) first += 1;
  let last = first;
  while (last < edges.length - 1 && (edges[last] ?? 0) < right) last += 1;
  return [first, last];
}
