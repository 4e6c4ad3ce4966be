/** Traces for tests: written out by hand, or drawn by fast-check with missing parents, circles, skewed clocks and duplicates. */
import fc from "fast-check";
import type { TraceRow } from "./rows";

const PLAIN: TraceRow = {
  kind: "span",
  id: "",
  span_id: "",
  parent_span_id: null,
  start: 0,
  duration: 0,
  level: 9,
  message: "",
  span_name: "",
  service_name: "api",
  span_kind: "internal",
  exception_type: null,
  exception_message: null,
  http_status: null,
  scope: null,
  status_code: null,
  links: 0,
  events: [],
};

/** A span from `start` to `end`. */
export function span(
  id: string,
  parent: string | null,
  start: number,
  end: number,
  rest: Partial<TraceRow> = {},
): TraceRow {
  return {
    ...PLAIN,
    id,
    span_id: id,
    parent_span_id: parent,
    start,
    duration: end - start,
    message: id,
    span_name: id,
    ...rest,
  };
}

export function pending(id: string, parent: string | null, start: number): TraceRow {
  return span(id, parent, start, start, { kind: "pending_span", duration: null });
}

/** A log of OpenTelemetry, which bears the id of the span it was written in. */
export function log(id: string, within: string, at: number, rest: Partial<TraceRow> = {}): TraceRow {
  return { ...PLAIN, kind: "log", id, span_id: within, start: at, duration: null, message: id, span_kind: "", ...rest };
}

const ids = fc.integer({ min: 0, max: 14 }).map((id) => `s${id}`);

const drawn: fc.Arbitrary<TraceRow> = fc
  .record({
    kind: fc.constantFrom("span", "span", "span", "pending_span", "log", "own log", "span_event"),
    id: ids,
    parent: fc.option(ids, { nil: null }),
    start: fc.integer({ min: 0, max: 1000 }),
    length: fc.integer({ min: 0, max: 1000 }),
    service: fc.constantFrom("api", "worker", "db"),
    name: fc.constantFrom("a", "b", "c"),
    span_kind: fc.constantFrom("internal", "server", "consumer", "producer"),
    level: fc.constantFrom(9, 9, 17),
  })
  .map(({ kind, id, parent, start, length, service, name, span_kind, level }): TraceRow => {
    const shared = { service_name: service, span_name: name, level };
    if (kind === "pending_span") return { ...pending(id, parent, start), ...shared };
    if (kind === "log") return log(`${id}-${start}`, parent ?? "", start, shared);
    if (kind === "own log") return span(id, parent, start, start, { ...shared, kind: "log", duration: null });
    if (kind === "span_event")
      return span(id, parent, start, start, { ...shared, kind: "span_event", duration: null, id: `${id}-${start}` });
    return span(id, parent, start, start + length, { ...shared, span_kind });
  });

export const traces = fc.array(drawn, { maxLength: 40 });
