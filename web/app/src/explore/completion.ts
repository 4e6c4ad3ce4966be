/** What may come next in the editor: tables after FROM, columns of the tables that are read, attributes in quotes, values, functions, keywords. */
import { type Completion, type CompletionContext, type CompletionResult, snippet } from "@codemirror/autocomplete";
import { LEVELS } from "../format/level";
import { FUNCTIONS } from "./functions";
import { keys, schema, type Table, values } from "./schema";
import { meaningful, named, type Token, tokens, word } from "./tokens";

const KEYWORDS = [
  "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "OFFSET", "WITH", "AS", "AND", "OR", "NOT", "IN", "IS NULL",
  "IS NOT NULL", "ON", "JOIN", "LEFT JOIN", "DISTINCT", "CASE WHEN", "THEN", "ELSE", "END", "BETWEEN", "LIKE", "ILIKE", "ASC", "DESC",
  "NULLS LAST", "FILTER (WHERE", "WITHIN GROUP (ORDER BY", "OVER (PARTITION BY", "INTERVAL '1 hour'", "UNION ALL", "EXISTS", "SHOW TABLES",
  "DESCRIBE", "TRUE", "FALSE", "NULL",
]; // biome-ignore format: a list
const ATTRIBUTES = /(\w*attributes)\s*(?:->>?|\?|#>>?)\s*'([^']*)$/;
const VALUE = /([\w.]+)\s*(?:=|<>|!=|>=?|<=?|\bIN\s*\((?:\s*'[^']*'\s*,)*)\s*'([^']*)$/i;
const CLOSED = new Set([
  "WHERE",
  "GROUP",
  "ORDER",
  "HAVING",
  "LIMIT",
  "ON",
  "JOIN",
  "LEFT",
  "RIGHT",
  "INNER",
  "FULL",
  "CROSS",
  "UNION",
  "AS",
]);

export async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const sql = context.state.doc.toString();
  const before = sql.slice(0, context.pos);
  const last = tokens(before).at(-1);
  if (last?.kind === "comment") return null;
  if (last?.kind === "text" && !closed(last.text)) return inText(before, context.pos);
  const typed = /[\p{L}_][\p{L}\p{N}_]*$/u.exec(before)?.[0] ?? "";
  const from = context.pos - typed.length;
  const tables = schema.value ?? [];
  if (before[from - 1] === ".") {
    const alias = /([\p{L}_][\p{L}\p{N}_]*)\.$/u.exec(before.slice(0, from))?.[1] ?? "";
    const table = tables.find((each) => each.name === read(sql).get(alias.toLowerCase()));
    return table ? { from, options: columnsOf(table), validFor: /^\w*$/ } : null;
  }
  if (!typed && !context.explicit) return null;
  const previous = meaningful(before.slice(0, from)).at(-1);
  if (["FROM", "JOIN", "DESCRIBE"].includes(word(previous)))
    return { from, options: tables.map(asTable), validFor: /^\w*$/ };
  const mentioned = [...new Set(read(sql).values())];
  const of = tables.filter((table) => mentioned.includes(table.name));
  const columns = (of.length ? of : tables.slice(0, 1)).flatMap(columnsOf);
  const options = [
    ...unique(columns),
    ...FUNCTIONS.map(asFunction),
    ...KEYWORDS.map(asKeyword),
    ...tables.map(asTable),
  ];
  return { from, options, validFor: /^\w*$/ };
}

/** Which table each name in the query stands for: itself, or its alias. */
export function read(sql: string): Map<string, string> {
  const names = new Map<string, string>();
  const all = meaningful(sql);
  for (const [index, token] of all.entries()) {
    if (!["FROM", "JOIN"].includes(word(token))) continue;
    const table = all[index + 1];
    if (!isName(table)) continue;
    names.set(named(table), named(table));
    const alias = word(all[index + 2]) === "AS" ? all[index + 3] : all[index + 2];
    if (isName(alias) && !CLOSED.has(word(alias))) names.set(named(alias), named(table));
  }
  return names;
}

function isName(token: Token | undefined): token is Token {
  return token?.kind === "name" || token?.kind === "quoted";
}

function closed(text: string): boolean {
  return text.length > 1 && (text.match(/'/g)?.length ?? 0) % 2 === 0;
}

async function inText(before: string, pos: number): Promise<CompletionResult | null> {
  const attribute = ATTRIBUTES.exec(before);
  if (attribute) {
    const prefix = attribute[2] ?? "";
    const kind = attribute[1]?.includes("resource") ? "resource" : "attribute";
    const options = (await keys(prefix, kind)).map((key) => ({
      label: key.name.replace(/^(attributes|resource)\./, ""),
      detail: key.type,
      type: "property",
    }));
    return { from: pos - prefix.length, options };
  }
  const compared = VALUE.exec(before);
  if (!compared) return null;
  const [, key = "", prefix = ""] = compared;
  const column = key.split(".").at(-1) ?? "";
  const options: Completion[] =
    column === "level"
      ? LEVELS.map((label) => ({ label, type: "constant" }))
      : (await values(column, prefix)).map(({ value, count }) => ({
          label: value,
          detail: String(count),
          type: "constant",
        }));
  return { from: pos - prefix.length, options };
}

function columnsOf(table: Table): Completion[] {
  return table.columns.map((column) => ({
    label: column.name,
    detail: column.type,
    type: "property",
    boost: 2,
    ...(column.description ? { info: column.description } : {}),
  }));
}

function asTable(table: Table): Completion {
  return { label: table.name, type: "class", detail: "table", info: table.description, boost: 1 };
}

function asFunction({ name, call, words }: (typeof FUNCTIONS)[number]): Completion {
  const simple = call.indexOf(")") === call.length - 1;
  return {
    label: name,
    type: "function",
    detail: simple ? "" : "…",
    info: `${call}: ${words}`,
    apply: simple ? snippet(`${name}(\${})`) : snippet(call.replaceAll("$", "\\$").replace(/\bx\b/, "$${x}")),
  };
}

function asKeyword(label: string): Completion {
  return { label, type: "keyword", boost: -1 };
}

function unique(options: Completion[]): Completion[] {
  const seen = new Set<string>();
  return options.filter((option) => !seen.has(option.label) && seen.add(option.label));
}
