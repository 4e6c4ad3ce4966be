/** Lays SQL out: keywords in capitals, each clause on a line of its own, lists of columns wrapped, brackets left as they are. Says the same as before. */
import { KEYWORDS } from "./keywords";
import { type Token, tokens, word } from "./tokens";

const CLAUSES = new Set([
  "SELECT",
  "FROM",
  "WHERE",
  "PREWHERE",
  "GROUP",
  "ORDER",
  "HAVING",
  "LIMIT",
  "OFFSET",
  "UNION",
  "EXCEPT",
  "INTERSECT",
  "WINDOW",
  "QUALIFY",
  "WITH",
]);
const JOINS = new Set(["JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS"]);
const NAMES_AFTER = new Set([".", "AS"]);
const TIGHT = new Set([".", "->", "->>", "#>", "#>>", "::"]);
const CALLED = new Set(["ANY", "CAST", "EXISTS"]);
const WIDE = 96;

interface Bracket {
  /** A query of its own stands in it. */
  query: boolean;
  indent: number;
}

export function laidOut(sql: string): string {
  const text = arranged(sql);
  // Whatever was written: never at the price of another meaning.
  return said(text) === said(sql) ? text : sql;
}

function said(sql: string): string {
  return JSON.stringify(
    tokens(sql)
      .filter((token) => token.kind !== "space")
      .map((token) => (KEYWORDS.has(word(token)) ? word(token) : token.text)),
  );
}

function arranged(sql: string): string {
  const all = tokens(sql).filter((token) => token.kind !== "space");
  const lines: string[] = [];
  let line = "";
  let clause = "";
  const brackets: Bracket[] = [];
  const base = () => brackets.reduce((sum, each) => sum + each.indent, 0);
  function end(indent: number) {
    if (line.trim()) lines.push(line.trimEnd());
    line = " ".repeat(indent);
  }
  for (const [index, token] of all.entries()) {
    const before = all[index - 1];
    const next = all[index + 1];
    const said = word(token);
    const plain = NAMES_AFTER.has(before?.text.toUpperCase() ?? "") || next?.text === ".";
    const text = KEYWORDS.has(said) && !plain ? said : token.text;
    const atTop = brackets.every((each) => each.query);
    if (token.kind === "comment") {
      if (line.trim() && sql.slice(before ? before.at + before.text.length : 0, token.at).includes("\n")) end(base());
      line += line.trim() ? ` ${token.text}` : token.text;
      if (token.text.startsWith("--")) end(base() + (clause === "SELECT" ? 2 : 0));
      continue;
    }
    if (atTop && !plain && CLAUSES.has(said) && !(said === "FROM" && word(before) === "DISTINCT")) {
      if (!(said === "SELECT" && before?.text === "(" && !line.trim())) end(base());
      clause = said;
    } else if (atTop && !plain && JOINS.has(said) && !JOINS.has(word(before)) && word(before) !== "OUTER") end(base());
    else if (
      atTop &&
      (said === "AND" || said === "OR") &&
      (clause === "WHERE" || clause === "HAVING") &&
      !between(all, index)
    )
      end(base() + 2);
    if (token.text === ")") {
      const closed = brackets.pop();
      if (closed?.query) {
        end(base());
        clause = "";
      }
    }
    if (line.trim() && spaced(before, token)) line += " ";
    line += text;
    if (token.text === "(") {
      const query = word(next) === "SELECT" || word(next) === "WITH";
      brackets.push({ query, indent: query ? 2 : 0 });
      if (query) end(base());
    }
    if (token.text === "," && atTop && line.length + ahead(all, index + 1) > WIDE)
      end(base() + (clause === "SELECT" ? 7 : 2));
    if (token.text === ";") end(0);
  }
  end(0);
  return lines.join("\n");
}

/** Whether the AND at this place belongs to a BETWEEN. */
function between(all: Token[], index: number): boolean {
  for (let at = index - 1, depth = 0; at >= 0; at -= 1) {
    const text = all[at]?.text;
    if (text === ")") depth += 1;
    if (text === "(") depth -= 1;
    if (depth < 0) return false;
    if (depth > 0) continue;
    const said = word(all[at]);
    if (said === "BETWEEN") return true;
    if (said === "AND" || said === "OR" || CLAUSES.has(said)) return false;
  }
  return false;
}

/** How long it goes on until the next comma of the same list. */
function ahead(all: Token[], from: number): number {
  let length = 0;
  let depth = 0;
  for (const token of all.slice(from)) {
    if (token.text === "(") depth += 1;
    if (token.text === ")") depth -= 1;
    if (depth < 0 || (depth === 0 && (token.text === "," || CLAUSES.has(word(token))))) break;
    length += token.text.length + 1;
  }
  return length;
}

function spaced(before: Token | undefined, token: Token): boolean {
  if (!before) return false;
  if (TIGHT.has(token.text) || TIGHT.has(before.text)) {
    // A number beside a dot would become another number.
    return (before.kind === "number" && token.text === ".") || (before.text === "." && token.kind === "number");
  }
  if (token.text === "," || token.text === ")" || token.text === "]" || token.text === ";") return false;
  if (before.text === "(" || before.text === "[") return false;
  if (token.text === "(") return before.kind === "sign" || (KEYWORDS.has(word(before)) && !CALLED.has(word(before)));
  return token.text !== "[" || before.kind === "sign";
}
