/** The records of a trace as the page holds them: read from the server's lists, each once, those of a running trace added as they come.
 *  All times are nanoseconds since the trace's start. */
import type { TraceAnswer } from "../api/traces";
import type { Json, Kind } from "../api/types";
import { nanoseconds } from "../format/moment";

export interface TraceRow {
  kind: Kind;
  id: string;
  span_id: string;
  parent_span_id: string | null;
  start: number;
  /** Null for logs, and for a span that has not ended. */
  duration: number | null;
  level: number;
  message: string;
  span_name: string;
  service_name: string;
  span_kind: string;
  exception_type: string | null;
  exception_message: string | null;
  http_status: number | null;
  scope: string | null;
  status_code: string | null;
  links: number;
  events: { name: string; at: number }[];
}

/** Whether the id is the record's own. A log of OpenTelemetry bears that of the span in which it was written. */
export function isOwn(row: TraceRow): boolean {
  return row.span_id !== "" && row.kind !== "span_event" && !(row.kind === "log" && row.span_kind === "");
}

/** What tells a record from all others of its trace; a span and its pending form are the same. */
export function keyOf(row: TraceRow): string {
  return isOwn(row) ? row.span_id : `~${row.id}`;
}

/** Each record once; a span that ended wins over its pending form. */
export function distinct(rows: Iterable<TraceRow>, into: Map<string, TraceRow> = new Map()): Map<string, TraceRow> {
  for (const row of rows) {
    const key = keyOf(row);
    const known = into.get(key);
    if (!known || (known.kind === "pending_span" && row.kind !== "pending_span")) into.set(key, row);
  }
  return into;
}

export function rowsOf(answer: TraceAnswer): TraceRow[] {
  const at = Object.fromEntries(answer.fields.map((name, index) => [name, index]));
  const take = (row: Json[], name: string): Json | undefined => row[at[name] ?? -1];
  const text = (row: Json[], name: string) => String(take(row, name) ?? "");
  const known = (row: Json[], name: string) => {
    const value = take(row, name);
    return value === null || value === undefined || value === "" ? null : String(value);
  };
  return answer.rows.map((row) => {
    const duration = take(row, "duration");
    const status = take(row, "http_status");
    return {
      kind: text(row, "kind") as Kind,
      id: text(row, "id"),
      span_id: text(row, "span_id"),
      parent_span_id: known(row, "parent_span_id"),
      start: Number(take(row, "start_ns") ?? 0),
      duration: duration === null || duration === undefined ? null : Math.max(0, Math.round(Number(duration) * 1e9)),
      level: Number(take(row, "level") ?? 9),
      message: text(row, "message"),
      span_name: text(row, "span_name"),
      service_name: text(row, "service_name"),
      span_kind: text(row, "span_kind"),
      exception_type: known(row, "exception_type"),
      exception_message: known(row, "exception_message"),
      http_status: status === null || status === undefined ? null : Number(status),
      scope: known(row, "scope"),
      status_code: known(row, "status_code"),
      links: Number(take(row, "links") ?? 0),
      events: eventsOf(take(row, "events")),
    };
  });
}

function eventsOf(value: Json | undefined): { name: string; at: number }[] {
  if (!Array.isArray(value)) return [];
  return value.map((event) => {
    const [name, at] = Array.isArray(event) ? event : [];
    return { name: String(name ?? ""), at: Number(at ?? 0) };
  });
}

/** A trace as far as it is known. Replaced as a whole when something new has come. */
export interface Known {
  trace_id: string;
  /** Nanoseconds since the epoch, of which the rows' times count. */
  start: bigint;
  rows: Map<string, TraceRow>;
  truncated: boolean;
  total: number;
  cursor: string;
}

/** What is known with an answer added; `before` itself where the answer says nothing new. */
export function withAnswer(before: Known | undefined, answer: TraceAnswer): Known {
  const start = nanoseconds(answer.start);
  const came = rowsOf(answer);
  const rest = { trace_id: answer.trace_id, truncated: answer.truncated, total: answer.total, cursor: answer.cursor };
  if (!before) return { ...rest, start, rows: distinct(came) };
  const fresh = came.filter((row) => {
    const known = before.rows.get(keyOf(row));
    return !known || (known.kind === "pending_span" && row.kind !== "pending_span");
  });
  if (!fresh.length && start === before.start) return before;
  // The record that a trace starts with often comes last, since a span is sent when it ends.
  const moved = Number(before.start - start);
  const rows = new Map<string, TraceRow>();
  for (const [key, row] of before.rows) rows.set(key, moved ? shifted(row, moved) : row);
  return { ...rest, start, rows: distinct(fresh, rows) };
}

function shifted(row: TraceRow, by: number): TraceRow {
  return { ...row, start: row.start + by, events: row.events.map(({ name, at }) => ({ name, at: at + by })) };
}

/** The moment of an offset, to the nanosecond. */
export function isoAt(start: bigint, offset: number): string {
  const at = start + BigInt(Math.round(offset));
  const second = at / 1_000_000_000n;
  const fraction = String(at % 1_000_000_000n).padStart(9, "0");
  return `${new Date(Number(second) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}
