/** The lines of the list, the newest first: merged from searches and the stream, each once, pending spans giving way to ended ones. */
import type { Line } from "../api/types";

/** The rows that are kept of a stream. What is older is asked for when somebody scrolls there. */
export const MOST = 5000;

export interface Rows {
  lines: Line[];
  /** Whether older ones were let go, so that an earlier cursor points too far back. */
  trimmed: boolean;
}

export const NONE: Rows = { lines: [], trimmed: false };

/** `lines` with `more` in their places. At most `most` are left, the oldest go. */
export function merged(rows: Rows, more: Line[], most: number = Number.POSITIVE_INFINITY): Rows {
  if (!more.length) return rows;
  const ended = new Set<string>();
  const known = new Set<string>();
  for (const line of rows.lines) {
    known.add(line.id);
    if (line.kind === "span") ended.add(spanOf(line));
  }
  const fresh: Line[] = [];
  const ends = new Set<string>();
  for (const line of more) {
    if (known.has(line.id)) continue;
    known.add(line.id);
    if (line.kind === "span") {
      ended.add(spanOf(line));
      ends.add(spanOf(line));
    }
    fresh.push(line);
  }
  if (!fresh.length) return rows;
  const kept = ends.size
    ? rows.lines.filter((line) => !(line.kind === "pending_span" && ends.has(spanOf(line))))
    : rows.lines;
  const added = fresh.filter((line) => !(line.kind === "pending_span" && ended.has(spanOf(line)))).sort(newestFirst);
  const lines = zipped(added, kept);
  const trimmed = lines.length > most;
  return { lines: trimmed ? lines.slice(0, most) : lines, trimmed: rows.trimmed || trimmed };
}

/** Times in ISO with the same number of places compare as text. */
export function newestFirst(a: Line, b: Line): number {
  if (a.start_timestamp !== b.start_timestamp) return a.start_timestamp < b.start_timestamp ? 1 : -1;
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}

function spanOf(line: Line): string {
  return `${line.trace_id} ${line.span_id}`;
}

/** Two sorted lists as one. */
function zipped(a: Line[], b: Line[]): Line[] {
  const all: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const [x, y] = [a[i] as Line, b[j] as Line];
    if (newestFirst(x, y) <= 0) {
      all.push(x);
      i += 1;
    } else {
      all.push(y);
      j += 1;
    }
  }
  while (i < a.length) all.push(a[i++] as Line);
  while (j < b.length) all.push(b[j++] as Line);
  return all;
}

/** Rows with the spans among `more` that have ended in the places of their pending ones, and what is left of `more`: the list
 * may stand still and yet tell that something is over. */
export function settled(rows: Rows, more: Line[]): { rows: Rows; rest: Line[] } {
  const ends = new Map<string, Line>();
  for (const line of more) if (line.kind === "span") ends.set(spanOf(line), line);
  if (!ends.size || !rows.lines.some((line) => line.kind === "pending_span")) return { rows, rest: more };
  const used = new Set<Line>();
  const lines = rows.lines.map((line) => {
    const end = line.kind === "pending_span" ? ends.get(spanOf(line)) : undefined;
    // One that began at another moment than was told has another place.
    if (end?.start_timestamp !== line.start_timestamp) return line;
    used.add(end);
    return end;
  });
  return used.size ? { rows: { ...rows, lines }, rest: more.filter((line) => !used.has(line)) } : { rows, rest: more };
}

/** The span that ended in the place of a pending one, if it is there. */
export function successor(lines: readonly Line[], chosen: { trace_id: string; span_id: string }): Line | undefined {
  return lines.find(
    (line) => line.kind === "span" && line.span_id === chosen.span_id && line.trace_id === chosen.trace_id,
  );
}

export interface Shown {
  line: Line;
  /** How many alike follow, whether they are folded away or not. */
  alike: number;
  folded: boolean;
}

const FEW = 3;

/** Three or more of the same in a row are one line and a number. A run that holds one of `open` is shown in full. */
export function folded(lines: readonly Line[], open: ReadonlySet<string>): Shown[] {
  const shown: Shown[] = [];
  for (let index = 0; index < lines.length; ) {
    const line = lines[index] as Line;
    let end = index + 1;
    while (end < lines.length && alike(line, lines[end] as Line)) end += 1;
    const many = end - index >= FEW ? end - index - 1 : 0;
    const whole = many === 0 || (open.size > 0 && lines.slice(index, end).some((each) => open.has(each.id)));
    shown.push({ line, alike: many, folded: !whole });
    if (whole) {
      for (let each = index + 1; each < end; each += 1)
        shown.push({ line: lines[each] as Line, alike: 0, folded: false });
    }
    index = end;
  }
  return shown;
}

/** `open` with the run of `line` shown, or folded again; what is no longer listed is forgotten. */
export function toggled(open: ReadonlySet<string>, lines: readonly Line[], line: Line): Set<string> {
  const start = lines.findIndex((each) => each.id === line.id);
  const run = new Set<string>();
  for (let at = start; at >= 0 && at < lines.length && alike(line, lines[at] as Line); at += 1) {
    run.add((lines[at] as Line).id);
  }
  const listed = new Set(lines.map((each) => each.id));
  const left = [...open].filter((id) => !run.has(id) && listed.has(id));
  const wasOpen = [...run].some((id) => open.has(id));
  return new Set(wasOpen ? left : [...left, line.id]);
}

function alike(a: Line, b: Line): boolean {
  return (
    a === b ||
    (a.kind !== "pending_span" &&
      a.kind === b.kind &&
      a.message === b.message &&
      a.service_name === b.service_name &&
      a.level === b.level)
  );
}
