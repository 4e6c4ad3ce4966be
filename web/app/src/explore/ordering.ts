/** Rows in another order: by the kind of the column, stable, NULL always last. */
import { json } from "./cells";
import type { Cell, Result } from "./result";

export interface Order {
  column: string;
  descending: boolean;
}

/** In the address: `name` or `-name`. */
export function orderOf(text: string): Order | undefined {
  if (!text) return undefined;
  return text.startsWith("-") ? { column: text.slice(1), descending: true } : { column: text, descending: false };
}

/** A click on a heading: up, down, as it came. */
export function nextOrder(order: Order | undefined, column: string): string | null {
  if (order?.column !== column) return column;
  return order.descending ? null : `-${column}`;
}

/** The places of the rows of the result, in their order. */
export function ordered(result: Result, order: Order | undefined): number[] {
  const places = result.rows.map((_, index) => index);
  const at = order ? result.columns.findIndex((column) => column.name === order.column) : -1;
  if (!order || at < 0) return places;
  const sign = order.descending ? -1 : 1;
  return places.sort((left, right) => {
    const [a, b] = [result.rows[left]?.[at] ?? null, result.rows[right]?.[at] ?? null];
    if (a === null || b === null) return a === b ? left - right : a === null ? 1 : -1;
    return sign * compared(a, b) || left - right;
  });
}

const WORDS = new Intl.Collator("en", { numeric: true });

export function compared(a: Cell, b: Cell): number {
  if (isNumber(a) && isNumber(b)) return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === "string" && typeof b === "string") return WORDS.compare(a, b);
  return WORDS.compare(json(a), json(b));
}

function isNumber(cell: Cell): cell is number | bigint {
  return typeof cell === "number" || typeof cell === "bigint";
}
