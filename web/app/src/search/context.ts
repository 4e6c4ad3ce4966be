/** Where the caret stands in a search: within a key, behind a key, within a value; and which part of the text a completion would replace. */

export type Context =
  | { at: "key"; prefix: string; start: number; end: number }
  | { at: "value"; key: string; operator: string; prefix: string; start: number; end: number }
  | { at: "nothing" };

const QUOTES: Record<string, string> = { '"': '"', "“": "”", "”": "”", "„": "“" };
const SQL = /^\s*WHERE\s/i;
const FIELD = /^([^\W\d](?:[\w.\-/@$]*[\w$])?)(:(?:>=|<=|!=|>|<|=)?|>=|<=|!=|=|>|<)/u;

export function isSql(text: string): boolean {
  return SQL.test(text);
}

export function contextOf(text: string, caret: number): Context {
  if (isSql(text)) return { at: "nothing" };
  const word = wordAt(text, caret);
  if (!word) return { at: "nothing" };
  // A sign in front negates, a parenthesis groups; neither belongs to the key.
  let start = word.start;
  while (start < caret && /[-!(]/.test(text[start] ?? "")) start += 1;
  const own = text.slice(start, word.end);
  const field = FIELD.exec(own);
  if (field && caret >= start + field[0].length) {
    const [whole = "", key = "", operator = ""] = field;
    const value = valueAt(text, start + whole.length, word.end, caret);
    const typed = text.slice(value.start, caret);
    return { at: "value", key, operator, prefix: typed.replace(/^["“”„]/, ""), ...value };
  }
  const prefix = text.slice(start, caret);
  if (QUOTES[prefix[0] ?? ""]) return { at: "nothing" };
  return { at: "key", prefix, start, end: field ? start + (field[1] ?? "").length : word.end };
}

/** The word that the caret touches: up to white space, which counts within quotes. */
function wordAt(text: string, caret: number): { start: number; end: number } | undefined {
  let at = 0;
  while (at <= text.length) {
    while (at < caret && /\s/.test(text[at] ?? "")) at += 1;
    const end = wordEnd(text, at);
    if (caret <= end) return caret >= at ? { start: at, end } : undefined;
    at = end;
  }
  return undefined;
}

function wordEnd(text: string, from: number): number {
  let close = "";
  let at = from;
  for (; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (close) {
      if (character === "\\") at += 1;
      else if (character === close) close = "";
    } else if (/\s/.test(character)) break;
    // Quotes begin a value or a text; within a word they are part of it.
    else if (QUOTES[character] && (at === from || /[:=<>,(\-!]/.test(text[at - 1] ?? "")))
      close = QUOTES[character] ?? "";
  }
  return Math.min(at, text.length);
}

/** Of several values with commas between them, the one of the caret. */
function valueAt(text: string, from: number, to: number, caret: number): { start: number; end: number } {
  let start = from;
  let close = "";
  for (let at = from; at < to; at += 1) {
    const character = text[at] ?? "";
    if (close) {
      if (character === "\\") at += 1;
      else if (character === close) close = "";
    } else if (QUOTES[character] && at === start) close = QUOTES[character] ?? "";
    else if (character === "," || character === ")") {
      if (at >= caret) return { start, end: at };
      start = at + 1;
    }
  }
  return { start, end: to };
}
