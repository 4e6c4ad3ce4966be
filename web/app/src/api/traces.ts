/** What the server tells about traces: one with its records, and lists of them. Durations are seconds. */
import type { Json } from "./types";

/** `GET pages/api/trace/{id}`: each row is a list in the order of `fields`; `start_ns` counts from `start`. */
export interface TraceAnswer {
  trace_id: string;
  start: string;
  end: string;
  truncated: boolean;
  total: number;
  fields: string[];
  rows: Json[][];
  cursor: string;
  took: number;
}

export interface TraceSummary {
  trace_id: string;
  start: string;
  duration: number;
  service_name: string;
  message: string;
  span_name: string;
  spans: number;
  logs: number;
  errors: number;
  services: { name: string; spans: number }[];
  pending: boolean;
  has_root: boolean;
}

export interface TracesAnswer {
  traces: TraceSummary[];
  more: boolean;
  sql: string;
  took: number;
}

export type TraceSort = "newest" | "slowest" | "errors" | "largest";
