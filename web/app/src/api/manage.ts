/** What the settings page asks and is told: projects, tokens, retention, storage, the health of ingest, the quarantine. */

export interface Project {
  name: string;
  created_at: string;
  database: string;
  rows: number;
  bytes: number;
  default: boolean;
}

export type Scope = "write" | "read" | "admin";

export interface Token {
  id: string;
  scope: Scope;
  description: string;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
  state: "live" | "expired" | "revoked";
}

export interface NewToken extends Token {
  token: string;
}

export interface Kept {
  signal: string;
  seconds: number;
  default_seconds: number;
  overridden: boolean;
  bytes: number;
  rows: number;
  oldest: string | null;
  /** Null as long as there is less than an hour to tell it from. */
  bytes_a_day: number | null;
}

export interface RetentionPreview {
  bytes: number;
  rows: number;
  before: string | null;
  /** What goes later, when the parts that hold it are wholly that old. */
  more_in: { seconds: number; bytes: number; rows: number } | null;
}

export interface StoredTable {
  name: string;
  signal: string;
  rows: number;
  bytes: number;
  uncompressed: number;
  parts: number;
  oldest: string | null;
  newest: string | null;
  /** Null as long as there is less than an hour to tell it from. */
  bytes_a_day: number | null;
  columns: { name: string; bytes: number }[];
}

export interface Storage {
  disk: { free: number; total: number; data_path: string; folder: number };
  tables: StoredTable[];
  took: number;
}

export interface Health {
  status: string;
  reasons: string[];
  version: string;
  uptime: number;
  memory: number;
  signals: {
    signal: string;
    accepted: number;
    loaded: number;
    refused: number;
    quarantined: number;
    last_received: string | null;
  }[];
  journal: { bytes: number; segments: number; limit: number };
  load: { p50: number; p99: number } | null;
  queries: { ok: number; failed: number };
  disk: { free: number; total: number };
  quarantine: { entries: number; bytes: number };
}

export interface Quarantined {
  id: string;
  signal: string;
  database: string;
  records: number;
  received: string | null;
  bytes: number;
  reason: string;
}
