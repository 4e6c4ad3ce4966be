/** What the services page is told. Rates are per second, durations in seconds, error rates shares of one. */

export interface ServiceRow {
  name: string;
  environments: string[];
  kind: string;
  spans: number;
  rate: number;
  errors: number;
  error_rate: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  series: { count: number[]; errors: number[]; p95: (number | null)[] };
  logs: number;
  last_seen: string | null;
  language: string | null;
  version: string | null;
}

export interface ServicesAnswer {
  start: string;
  step: number;
  services: ServiceRow[];
  sampled: number;
  took: number;
  sql: string;
}

export interface Operation {
  span_name: string;
  span_kind: string;
  count: number;
  rate: number;
  errors: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  total: number;
  series: { count: number[]; p95: (number | null)[] };
}

export interface Neighbour {
  name: string;
  calls: number;
  errors: number;
}

export interface ServiceAnswer {
  start: string;
  step: number;
  series: {
    count: number[];
    errors: number[];
    p50: (number | null)[];
    p95: (number | null)[];
    p99: (number | null)[];
  };
  operations: Operation[];
  exceptions: {
    type: string;
    message: string;
    count: number;
    traces: number;
    last: string;
    trace_id: string;
    span_id: string;
  }[];
  upstream: Neighbour[];
  downstream: Neighbour[];
  took: number;
  sql: string;
}

export interface MapNode {
  name: string;
  kind: "service" | "database" | "queue" | "external";
  calls: number;
  errors: number;
  p95: number | null;
}

export interface MapEdge {
  from: string;
  to: string;
  calls: number;
  errors: number;
  p95: number | null;
}

export interface MapAnswer {
  nodes: MapNode[];
  edges: MapEdge[];
  sampled: number;
  took: number;
}
