/** Cells as tab-separated text, which every spreadsheet takes from the clipboard. */
import { plain } from "./cells";
import type { Cell } from "./result";

export function tsv(rows: Cell[][], names?: string[]): string {
  const lines = rows.map((row) => row.map((cell) => quoted(plain(cell))).join("\t"));
  return [...(names ? [names.map(quoted).join("\t")] : []), ...lines].join("\n");
}

/** Quotes only where a tab, a line break or a quote would be misread. */
export function quoted(text: string): string {
  return /["\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
