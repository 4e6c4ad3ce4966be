/** How the editor looks: the tokens of the pages, which custom properties carry into its shadow root. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

export const look = [
  EditorView.theme({
    "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--field)", fontSize: "13px" },
    "&.cm-focused": { outline: "none" },
    ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "20px", overflow: "auto" },
    ".cm-content": { padding: "8px 0", caretColor: "var(--ink)" },
    ".cm-line": { padding: "0 12px 0 8px" },
    ".cm-gutters": { backgroundColor: "var(--field)", color: "var(--ink-3)", border: "none", fontSize: "12px" },
    ".cm-lineNumbers .cm-gutterElement": { minWidth: "32px", padding: "0 4px 0 8px" },
    ".cm-line::selection, .cm-line ::selection": {
      backgroundColor: "color-mix(in srgb, var(--ember) 25%, transparent)",
    },
    ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
      backgroundColor: "var(--paper-3)",
      outline: "1px solid var(--hair-strong)",
    },
    ".cm-nonmatchingBracket, &.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--error-soft)" },
    ".cm-placeholder": { color: "var(--ink-3)" },
    ".cm-mistake": {
      textDecoration: "underline wavy var(--error) 1.5px",
      textUnderlineOffset: "3px",
      backgroundColor: "var(--error-soft)",
    },
    ".cm-mistake-words": {
      padding: "2px 12px 2px 8px",
      color: "var(--error)",
      backgroundColor: "var(--error-soft)",
      font: "12px / 18px var(--font)",
      whiteSpace: "pre-wrap",
    },
    ".cm-tooltip": {
      border: "1px solid var(--hair-strong)",
      borderRadius: "4px",
      backgroundColor: "var(--paper)",
      boxShadow: "var(--shadow)",
      color: "var(--ink)",
    },
    ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "12px", maxHeight: "264px" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "2px 8px", lineHeight: "20px" },
    ".cm-tooltip-autocomplete ul li[aria-selected], .cm-tooltip-autocomplete-disabled ul li[aria-selected]": {
      backgroundColor: "var(--selected)",
      color: "var(--ink)",
    },
    ".cm-completionMatchedText": { textDecoration: "none", color: "var(--ember)" },
    ".cm-completionDetail": { color: "var(--ink-3)", fontStyle: "normal", marginLeft: "12px" },
    ".cm-completionIcon": { color: "var(--ink-3)", opacity: "1", width: "1.2em" },
    ".cm-tooltip.cm-completionInfo": { padding: "6px 8px", maxWidth: "320px", font: "12px / 18px var(--font)" },
  }),
  syntaxHighlighting(
    HighlightStyle.define([
      { tag: tags.keyword, color: "var(--json-word)" },
      { tag: tags.standard(tags.variableName), color: "var(--info)" },
      { tag: tags.typeName, color: "var(--notice)" },
      { tag: tags.string, color: "var(--json-text)" },
      { tag: [tags.number, tags.bool, tags.null], color: "var(--json-number)" },
      { tag: tags.comment, color: "var(--ink-3)", fontStyle: "italic" },
      { tag: tags.operator, color: "var(--ink-2)" },
    ]),
  ),
];
