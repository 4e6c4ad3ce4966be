/** Finds records within a trace: all words have to be there; `service:api` and quoted words narrow it. */

import type { TraceRow } from "./rows";
import type { Forest } from "./tree";

/** The keys of what matches, in the order of the waterfall; null for an empty text, which looks for nothing. */
export function found(forest: Forest, text: string): string[] | null {
  const terms = termsOf(text);
  if (!terms.length) return null;
  return forest.nodes.filter((node) => terms.every((term) => matches(node.row, term))).map((node) => node.key);
}

interface Term {
  service: boolean;
  text: string;
}

function termsOf(text: string): Term[] {
  return [...text.matchAll(/(service:)?(?:"([^"]*)"?|(\S+))/gi)]
    .map((part) => ({ service: Boolean(part[1]), text: (part[2] ?? part[3] ?? "").toLowerCase() }))
    .filter((term) => term.text);
}

function matches(row: TraceRow, { service, text }: Term): boolean {
  if (service) return row.service_name.toLowerCase() === text;
  return hay(row).includes(text);
}

const HAY = new WeakMap<TraceRow, string>();

function hay(row: TraceRow): string {
  let text = HAY.get(row);
  if (text === undefined) {
    text = [
      row.message,
      row.span_name,
      row.service_name,
      row.exception_type,
      row.exception_message,
      row.http_status,
      row.span_id,
      row.scope,
    ]
      .join("\n")
      .toLowerCase();
    HAY.set(row, text);
  }
  return text;
}

/** The text that finds an operation. */
export function operationText(service: string, name: string): string {
  return [service && `service:${quoted(service)}`, name && quoted(name)].filter(Boolean).join(" ");
}

function quoted(text: string): string {
  return /[\s"]/.test(text) ? `"${text.replaceAll('"', "")}"` : text;
}
