/** SQL as tokens, just well enough to lay it out, to complete it and to see what it names. Any text gives tokens that add up to it. */

export type TokenKind = "space" | "comment" | "text" | "name" | "quoted" | "number" | "sign";

export interface Token {
  kind: TokenKind;
  text: string;
  at: number;
}

const PATTERNS: [TokenKind, RegExp][] = [
  ["space", /\s+/y],
  ["comment", /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y],
  ["text", /'(?:[^']|'')*(?:'|$)/y],
  ["quoted", /"(?:[^"]|"")*(?:"|$)|`[^`]*(?:`|$)/y],
  ["number", /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+/y],
  ["name", /[$\p{L}_][\p{L}\p{N}_$]*/uy],
  ["sign", /->>|->|#>>|#>|::|<=|>=|<>|!=|\|\||@>|<@|@@|&&|~\*|!~\*|!~|[\s\S]/y],
];

export function tokens(sql: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    for (const [kind, pattern] of PATTERNS) {
      pattern.lastIndex = at;
      const text = pattern.exec(sql)?.[0];
      if (!text) continue;
      found.push({ kind, text, at });
      at += text.length;
      break;
    }
  }
  return found;
}

/** Without what says nothing: spaces and comments. */
export function meaningful(sql: string): Token[] {
  return tokens(sql).filter((token) => token.kind !== "space" && token.kind !== "comment");
}

/** A word in capitals; empty for anything else. */
export function word(token: Token | undefined): string {
  return token?.kind === "name" ? token.text.toUpperCase() : "";
}

/** The name that an identifier stands for, without its quotes. */
export function named(token: Token): string {
  return token.kind === "quoted" ? token.text.slice(1, -1).replaceAll('""', '"') : token.text.toLowerCase();
}
