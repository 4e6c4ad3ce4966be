/** What the server says and is told, as types. The server's side of each is in `src/andiron/server`. */

export interface Me {
  version: string;
  tokenless: boolean;
  signed_in: boolean;
  project: string | null;
  projects: { name: string; scope: string }[];
  operator: boolean;
  /** The one that requests without a token write to. */
  own_project: string | null;
  now: string;
  limits: { query_rows: number; query_seconds: number };
}

export type Kind = "span" | "log" | "span_event" | "pending_span";

/** A JSON value, as attributes hold them. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A record as a line of a list. */
export interface Line {
  id: string;
  kind: Kind;
  start_timestamp: string;
  duration: number | null;
  level: number;
  message: string;
  service_name: string;
  span_name: string;
  trace_id: string;
  span_id: string;
  parent_span_id: string | null;
  is_exception: boolean;
  exception_type: string | null;
  http_response_status_code: number | null;
  deployment_environment: string | null;
  otel_scope_name: string | null;
  tags: string[];
  created_at: string;
  extra: { [column: string]: Json };
}

export interface SearchAnswer {
  rows: Line[];
  more: boolean;
  cursor: string | null;
  sql: string;
  took: number;
}

export interface HistogramAnswer {
  start: string;
  step: number;
  levels: Partial<Record<LevelName, number[]>>;
  total: number;
  errors: number;
  sql: string;
  took: number;
}

export type LevelName = "trace" | "debug" | "info" | "notice" | "warn" | "error" | "fatal";

export interface Facet {
  field: string;
  values: { value: string; count: number }[];
  more: boolean;
}

export interface FacetsAnswer {
  facets: Facet[];
  took: number;
}

export interface KeyHint {
  name: string;
  kind: "column" | "attribute" | "resource";
  type: string;
  hint?: string;
}

export interface ValueHint {
  value: string;
  count: number;
}

/** Every column of a record; attributes, events and links are JSON. */
export interface FullRecord {
  kind: Kind;
  start_timestamp: string;
  end_timestamp: string;
  duration: number | null;
  created_at: string;
  trace_id: string;
  span_id: string;
  parent_span_id: string | null;
  span_name: string;
  message: string;
  level: number;
  tags: string[];
  service_name: string;
  is_exception: boolean;
  exception_type: string | null;
  exception_message: string | null;
  exception_stacktrace: string | null;
  attributes: { [key: string]: Json };
  otel_resource_attributes: { [key: string]: Json };
  otel_scope_attributes: { [key: string]: Json };
  otel_scope_name: string | null;
  otel_scope_version: string | null;
  otel_status_code: string | null;
  otel_status_message: string | null;
  otel_events: { event_name: string; event_timestamp: string; attributes: { [key: string]: Json } }[];
  otel_links: { trace_id: string; span_id: string; trace_state: string; attributes: { [key: string]: Json } }[];
  [column: string]: Json | undefined;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  retryable?: boolean;
  retry_after?: number | null;
  position?: { start: number; end: number };
}
