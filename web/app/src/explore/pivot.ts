/** Rows to what a chart draws: points on x in order, a series for each column or each value of a column, the smallest gathered into "other". */
import { plain } from "./cells";
import type { ChartSpec } from "./guess";
import { compared } from "./ordering";
import type { Cell, Result } from "./result";

export interface Series {
  name: string;
  values: (number | null)[];
  /** A custom property of tokens.css. */
  color: string;
}

export interface Picture {
  x: Cell[];
  series: Series[];
}

export const SERIES = 10;
export const OTHER = "other";

/** `inOrder` sorts x, as times need; otherwise it stays as the query has it. */
export function pivoted(result: Result, spec: ChartSpec, inOrder: boolean): Picture {
  const at = (name: string) => result.columns.findIndex((column) => column.name === name);
  const xAt = at(spec.x);
  const byAt = at(spec.by);
  const places = new Map<string, number>();
  const x: Cell[] = [];
  const place = (row: Cell[]) => {
    const cell = xAt < 0 ? null : (row[xAt] ?? null);
    const key = cell === null ? "\u0000" : plain(cell);
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, x.length);
    x.push(cell);
    return x.length - 1;
  };
  const found = new Map<string, Map<number, number>>();
  for (const name of spec.y) {
    const yAt = at(name);
    if (yAt < 0) continue;
    for (const row of result.rows) {
      const value = amount(row[yAt] ?? null);
      const index = place(row);
      const by = byAt < 0 ? name : label(row[byAt] ?? null);
      const series = byAt >= 0 && spec.y.length > 1 ? `${by} ${name}` : by;
      const values = found.get(series) ?? new Map<number, number>();
      if (value !== null) values.set(index, (values.get(index) ?? 0) + value);
      found.set(series, values);
    }
  }
  const order = x.map((_, index) => index);
  if (inOrder) order.sort((a, b) => sortable(x[a] ?? null, x[b] ?? null));
  const series = gathered(found).map(([name, values], index) => ({
    name,
    values: order.map((each) => values.get(each) ?? null),
    color: name === OTHER ? "--ink-3" : `--hue-${index % SERIES}`,
  }));
  return { x: order.map((each) => x[each] ?? null), series };
}

/** At most ten: those that sum up to most, in the order of their coming, and the rest as one. */
function gathered(found: Map<string, Map<number, number>>): [string, Map<number, number>][] {
  const all = [...found];
  if (all.length <= SERIES) return all;
  const size = (values: Map<number, number>) => [...values.values()].reduce((sum, value) => sum + Math.abs(value), 0);
  const kept = new Set(
    [...all]
      .sort((a, b) => size(b[1]) - size(a[1]))
      .slice(0, SERIES - 1)
      .map(([name]) => name),
  );
  const rest = new Map<number, number>();
  for (const [name, values] of all) {
    if (kept.has(name)) continue;
    for (const [index, value] of values) rest.set(index, (rest.get(index) ?? 0) + value);
  }
  return [...all.filter(([name]) => kept.has(name)), [OTHER, rest]];
}

export function amount(cell: Cell): number | null {
  if (typeof cell === "bigint") return Number(cell);
  if (typeof cell === "boolean") return cell ? 1 : 0;
  if (typeof cell === "string" && cell.trim() && Number.isFinite(Number(cell))) return Number(cell);
  return typeof cell === "number" ? cell : null;
}

export function label(cell: Cell): string {
  if (cell === null) return "NULL";
  return plain(cell) || "(empty)";
}

function sortable(a: Cell, b: Cell): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return compared(a, b);
}
