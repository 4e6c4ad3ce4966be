/** What a cell of the result shows, what it tells on hover, and what is copied of it. */
import { exactMoment, moment } from "../format/moment";
import type { Cell, Column } from "./result";

const GROUPED = new Intl.NumberFormat("en-US", { maximumFractionDigits: 20 });
const SHORT = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 6, useGrouping: false });
const LONGEST = 400;

/** As it was given: for copying. NULL is empty. */
export function plain(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "object") return json(cell);
  return String(cell);
}

export function json(cell: Cell): string {
  return JSON.stringify(cell, (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value));
}

/** In the table: times in the reader's zone, numbers with the figures that count, the beginning of what is long. */
export function shown(cell: Cell, column: Column): string {
  if (cell === null) return "NULL";
  if (typeof cell === "number" && !Number.isInteger(cell)) return SHORT.format(cell);
  if (column.sort === "time" && typeof cell === "string") return time(cell);
  const text = plain(cell);
  return (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text).replaceAll(/\s*\n\s*/g, " ↵ ");
}

/** On hover: everything that is known. */
export function title(cell: Cell, column: Column): string {
  if (cell === null) return "NULL";
  if (typeof cell === "number" || typeof cell === "bigint") return GROUPED.format(cell);
  if (column.sort === "time" && typeof cell === "string" && isMoment(cell)) return `${exactMoment(cell)}\n${cell}`;
  const text = plain(cell);
  if (text === "") return "An empty text";
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** A day alone is no moment: it would move with the zone. */
export function isMoment(text: string): boolean {
  return text.length > 10 && !Number.isNaN(Date.parse(text));
}

function time(cell: string): string {
  if (!isMoment(cell)) return cell;
  const fraction = /\.(\d{1,3})/.exec(cell)?.[1]?.padEnd(3, "0") ?? "";
  return `${moment(cell)}${fraction && fraction !== "000" ? `.${fraction}` : ""}`;
}

/** The address of a trace, if the cell holds one. */
export function traceOf(cell: Cell, column: Column): string | undefined {
  return typeof cell === "string" && /trace_?id$/i.test(column.name) && /^[0-9a-f]{32}$/i.test(cell) ? cell : undefined;
}
