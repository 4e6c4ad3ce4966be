/** Results as files and as commands: what a file is called, and the same question as curl and as Python. */
import { endpoint, project, respond } from "../api/client";
import { me } from "../api/me";
import { root } from "../state/root";
import type { Question } from "./result";
import { meaningful, named, word } from "./tokens";

export interface Form {
  id: "csv" | "json" | "parquet" | "arrow";
  words: string;
  accept: string;
  ending: string;
}

export const FORMS: Form[] = [
  { id: "csv", words: "CSV", accept: "text/csv", ending: "csv" },
  { id: "json", words: "JSON", accept: "application/json", ending: "json" },
  { id: "parquet", words: "Parquet", accept: "application/vnd.apache.parquet", ending: "parquet" },
  { id: "arrow", words: "Arrow", accept: "application/vnd.apache.arrow.stream", ending: "arrows" },
];

/** `andiron-shop-records-20261121-120431.csv`: letters that every file system takes. */
export function fileName(sql: string, inProject: string, ending: string, now: Date): string {
  const stamp = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  const parts = ["andiron", inProject, tableOf(sql), stamp].map((part) =>
    part
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-+|-+$/g, "")
      .slice(0, 40),
  );
  return `${parts.filter(Boolean).join("-")}.${ending}`;
}

/** The first table that is read. */
export function tableOf(sql: string): string {
  const all = meaningful(sql);
  const at = all.findIndex((token, index) => word(token) === "FROM" && all[index + 1] && all[index + 1]?.text !== "(");
  if (at < 0) return "result";
  // After the last dot of its name.
  let last = at + 1;
  while (all[last + 1]?.text === "." && all[last + 2]) last += 2;
  const table = all[last];
  return table && (table.kind === "name" || table.kind === "quoted") ? named(table) : "result";
}

export async function download(question: Question, form: Form): Promise<void> {
  const response = await respond(endpoint("v2/query"), {
    body: form.id === "json" ? { ...question, include_schema: false } : question,
    accept: form.accept,
  });
  save(
    form.id === "json" ? rowsAlone(await response.text()) : await response.blob(),
    fileName(question.sql, project.value, form.ending, new Date()),
  );
}

/** Without the wrapping, and without reading it: numbers stay as they were written. */
export function rowsAlone(body: string): Blob {
  const inner = /^\{"data":([\s\S]*)\}$/.exec(body)?.[1] ?? body;
  return new Blob([inner, "\n"], { type: "application/json" });
}

function save(body: Blob, name: string): void {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(body);
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
}

export function asCurl(question: Question): string {
  const headers = [
    "Content-Type: application/json",
    ...(me.value?.tokenless ? [] : ["Authorization: Bearer $ANDIRON_TOKEN"]),
  ];
  const named = me.value?.tokenless && project.value ? [`Andiron-Project: ${project.value}`] : [];
  const lines = [
    `curl ${shell(new URL("v2/query", root).href)}`,
    // In double quotes, so that the variable is read.
    ...[...headers, ...named].map((header) => `-H "${header.replaceAll(/["\\`]/g, "\\$&")}"`),
    `-d ${shell(JSON.stringify(question))}`,
  ];
  return lines.join(" \\\n  ");
}

export function shell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

export function asPython(question: Question): string {
  const moment = (text: string) => `datetime.fromisoformat(${JSON.stringify(text)})`;
  const times = [
    ...(question.min_timestamp ? [`    min_timestamp=${moment(question.min_timestamp)},`] : []),
    ...(question.max_timestamp ? [`    max_timestamp=${moment(question.max_timestamp)},`] : []),
  ];
  const token = me.value?.tokenless ? '"none"' : 'os.environ["ANDIRON_TOKEN"]';
  return [
    ...(token.startsWith("os") ? ["import os"] : []),
    ...(times.length ? ["from datetime import datetime"] : []),
    ...(token.startsWith("os") || times.length ? [""] : []),
    "from logfire.query_client import LogfireQueryClient",
    "",
    `sql = ${python(question.sql)}`,
    `with LogfireQueryClient(read_token=${token}, base_url=${JSON.stringify(root.href.replace(/\/$/, ""))}) as client:`,
    "    rows = client.query_json_rows(",
    "        sql,",
    ...times.map((line) => `    ${line}`),
    `        limit=${question.limit},`,
    '    )["rows"]',
    "",
  ].join("\n");
}

/** A literal of Python: in three quotes where there are several lines and nothing that would end it early. */
export function python(text: string): string {
  if (text.includes("\n") && !text.includes('"""') && !text.includes("\\") && !text.endsWith('"'))
    return `"""\n${text}\n"""`;
  return JSON.stringify(text);
}
