/** SQL for the editor: its colours, its comments and its brackets, by the same tokens by which queries are laid out. */
import { LanguageSupport, StreamLanguage, type StreamParser } from "@codemirror/language";
import { FUNCTIONS } from "./functions";
import { KEYWORDS, TYPES } from "./keywords";
import { tokens } from "./tokens";

const CALLS = new Set(FUNCTIONS.map((each) => each.name.toUpperCase()));

interface State {
  /** What an earlier line opened and did not close. */
  open: "'" | '"' | "*" | "";
}

const parser: StreamParser<State> = {
  name: "sql",
  startState: () => ({ open: "" }),
  token(stream, state) {
    if (state.open) {
      const end = state.open === "*" ? "*/" : state.open;
      const at = stream.string.indexOf(end, stream.pos);
      const style = STYLES[state.open];
      if (at < 0) stream.skipToEnd();
      else {
        stream.pos = at + end.length;
        state.open = "";
      }
      return style;
    }
    if (stream.eatSpace()) return null;
    const [token] = tokens(stream.string.slice(stream.pos, stream.pos + 4000));
    if (!token) {
      stream.next();
      return null;
    }
    stream.pos += token.text.length;
    const upper = token.text.toUpperCase();
    switch (token.kind) {
      case "comment":
        if (token.text.startsWith("/*") && !token.text.endsWith("*/")) state.open = "*";
        return "comment";
      case "text":
        if (isOpen(token.text, "'")) state.open = "'";
        return "string";
      case "quoted":
        if (isOpen(token.text, '"')) state.open = '"';
        return "variableName";
      case "number":
        return "number";
      case "name":
        if (KEYWORDS.has(upper)) return upper === "NULL" ? "null" : /^(TRUE|FALSE)$/.test(upper) ? "bool" : "keyword";
        if (CALLS.has(upper) && /^\s*\(/.test(stream.string.slice(stream.pos))) return "variableName.standard";
        return TYPES.has(upper) ? "typeName" : "variableName";
      case "sign":
        return /^[()[\],.;]$/.test(token.text) ? null : "operator";
      default:
        return null;
    }
  },
  languageData: {
    commentTokens: { line: "--", block: { open: "/*", close: "*/" } },
    closeBrackets: { brackets: ["(", "[", "'", '"'] },
  },
};

const STYLES = { "'": "string", '"': "variableName", "*": "comment", "": null };

function isOpen(text: string, quote: string): boolean {
  return text.startsWith(quote) && text.split(quote).length % 2 === 0;
}

export const language = new LanguageSupport(StreamLanguage.define(parser));
