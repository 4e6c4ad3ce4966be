/** Terms of a search: written from a key and its value, put into a search and taken out again, in either of its two languages. */
import type { Json } from "../api/types";

const SQL = /^\s*WHERE\s/i;
const BARE = /^[\p{L}\p{N}_./@+-]+$/u;

/** A term of the search language, and the same as a condition in SQL. */
export interface Term {
  text: string;
  sql: string;
}

/** Letters of any script count as plain; what the language gives a meaning to is quoted. */
export function valued(value: Json): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return BARE.test(text) && !text.includes("..") ? text : `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

export function field(key: string, value: Json): string {
  return `${key}:${valued(value)}`;
}

/** `column` is the key as SQL has it. */
export function term(key: string, column: string, value: Json): Term {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const literal = `'${text.replaceAll("'", "''")}'`;
  return { text: field(key, value), sql: column === "tags" ? `${literal} = ANY(tags)` : `${column} = ${literal}` };
}

/** `q` with a term more, or with its opposite taken back. */
export function withTerm(q: string, { text, sql }: Term, out: boolean): string {
  if (SQL.test(q)) return withCondition(q, out ? `NOT (${sql})` : sql);
  const wanted = out ? `-${text}` : text;
  const opposite = out ? text : `-${text}`;
  const words = grouped(split(q));
  if (words.includes(wanted)) return q;
  return [...words.filter((word) => word !== opposite), wanted].join(" ");
}

export function withoutTerm(q: string, { text, sql }: Term, out: boolean): string {
  if (SQL.test(q)) return q.replace(` AND ${out ? `NOT (${sql})` : sql}`, "");
  const gone = out ? `-${text}` : text;
  return split(q)
    .filter((word) => word !== gone)
    .join(" ");
}

export function hasTerm(q: string, { text, sql }: Term, out: boolean): boolean {
  if (SQL.test(q)) return q.includes(` AND ${out ? `NOT (${sql})` : sql}`);
  const words = split(q);
  return !words.includes("OR") && words.includes(out ? `-${text}` : text);
}

/** Without its last term, and without the word that led to it. */
export function withoutLast(q: string): string {
  const words = split(q).slice(0, -1);
  while (["AND", "OR", "NOT"].includes(words.at(-1) ?? "")) words.pop();
  return SQL.test(q) ? "" : words.join(" ");
}

function withCondition(q: string, condition: string): string {
  if (q.includes(` AND ${condition}`)) return q;
  const [, head = "WHERE ", body = ""] = /^(\s*WHERE\s+)(.*)$/is.exec(q) ?? [];
  const safe = /\bOR\b/i.test(body) && !/^\(.*\)(?: AND .*)?$/is.test(body) ? `(${body})` : body;
  return `${head}${safe} AND ${condition}`;
}

/** A term behind `a OR b` would belong to b alone. */
function grouped(words: string[]): string[] {
  return words.includes("OR") ? [`(${words.join(" ")})`] : words;
}

/** The words of a search; what is quoted or in parentheses is one. */
export function split(q: string): string[] {
  const words: string[] = [];
  let word = "";
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < q.length; at += 1) {
    const character = q[at] ?? "";
    if (/\s/.test(character) && !quoted && depth === 0) {
      if (word) words.push(word);
      word = "";
      continue;
    }
    word += character;
    if (quoted && character === "\\") {
      at += 1;
      word += q[at] ?? "";
    } else if (character === '"') quoted = !quoted;
    else if (!quoted && character === "(") depth += 1;
    else if (!quoted && character === ")") depth = Math.max(0, depth - 1);
  }
  if (word) words.push(word);
  return words;
}
