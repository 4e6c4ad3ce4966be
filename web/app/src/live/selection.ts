/** The chosen record in the address: enough of it to be found again, whoever opens the link. */
import type { Line } from "../api/types";
import { param, set } from "../state/address";

export interface Chosen {
  id: string;
  at: string;
  kind: string;
  trace_id: string;
  span_id: string;
}

/** `id~at~kind~trace~span`. */
export function chosenOf(text: string): Chosen | undefined {
  const [id, at, kind, trace_id = "", span_id = ""] = text.split("~");
  return id && at && kind ? { id, at, kind, trace_id, span_id } : undefined;
}

export function written(line: Chosen): string {
  return [line.id, line.at, line.kind, line.trace_id, line.span_id].join("~");
}

export function chosen(): Chosen | undefined {
  return chosenOf(param("sel"));
}

export function choose(line: Line | undefined): void {
  set(
    { sel: line ? written({ ...line, at: line.start_timestamp }) : null },
    // Walking through the list is no history; opening and closing the drawer is.
    { replace: Boolean(line) === Boolean(param("sel")) },
  );
}
