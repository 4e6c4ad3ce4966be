/** The answer of `/v2/query`, read: columns with what kind of thing they hold, rows as lists, whole numbers of any size kept exactly. */
import { endpoint, respond } from "../api/client";
import type { Json } from "../api/types";

export type Sort = "time" | "number" | "text" | "bool" | "json";
export type Cell = Json | bigint;

export interface Column {
  name: string;
  sort: Sort;
  /** As the server names it. */
  type: string;
}

export interface Result {
  columns: Column[];
  rows: Cell[][];
  limit: number;
  /** Seconds until the answer was here. */
  took: number;
}

export interface Question {
  sql: string;
  min_timestamp?: string;
  max_timestamp?: string;
  limit: number;
  timezone: string;
}

interface Field {
  name: string;
  data_type: unknown;
}

interface Answer {
  schema: { fields: Field[] };
  data: { [column: string]: Cell }[];
}

const LONG_NUMBER = /[:[,]\s*-?\d{16,}\s*[,\]}]/;

/** JSON.parse, but whole numbers that a double cannot hold stay exact, where the browser tells what was written. */
export function exactly<T>(text: string): T {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as T;
  const revive = (_: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
      ? BigInt(context?.source ?? "")
      : value;
  return JSON.parse(text, revive as (this: unknown, key: string, value: unknown) => unknown) as T;
}

export async function asked(question: Question, abort: AbortSignal): Promise<Result> {
  const began = performance.now();
  const response = await respond(endpoint("v2/query"), { body: question, abort });
  const answer = exactly<Answer>(await response.text());
  return resultOf(answer, question.limit, (performance.now() - began) / 1000);
}

export function resultOf(answer: Answer, limit: number, took: number): Result {
  const names = answer.schema.fields.map((field) => field.name);
  const rows = answer.data.map((row) => names.map((name) => row[name] ?? null));
  const columns = answer.schema.fields.map((field, index) => columnOf(field, rows, index));
  return { columns, rows, limit, took };
}

function columnOf(field: Field, rows: Cell[][], index: number): Column {
  const type = typeof field.data_type === "string" ? field.data_type : (Object.keys(field.data_type ?? {})[0] ?? "");
  return { name: field.name, type, sort: sortOf(type, rows, index) };
}

function sortOf(type: string, rows: Cell[][], index: number): Sort {
  if (type === "Timestamp" || type.startsWith("Date")) return "time";
  if (/^(U?Int|Float|Decimal)/.test(type)) return "number";
  if (type === "Boolean") return "bool";
  if (type === "List" || type === "Struct" || type === "Map") return "json";
  // JSON columns are called text, and their values come as JSON.
  const first = rows.find((row) => row[index] !== null)?.[index];
  if (typeof first === "object") return "json";
  if (typeof first === "number" || typeof first === "bigint") return "number";
  if (typeof first === "boolean") return "bool";
  return "text";
}

export function isTruncated(result: Result): boolean {
  return result.rows.length >= result.limit;
}
