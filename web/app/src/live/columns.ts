/** The columns that a reader added to the list, in the address as `cols`: names with commas between, a comma within written as `\,`. */

/** As many as the server gives. */
const MOST = 20;

export function columnsOf(text: string): string[] {
  const names = text.match(/(?:[^,\\]|\\.)+/g) ?? [];
  return names.map((name) => name.replace(/\\(.)/g, "$1")).slice(0, MOST);
}

export function columnsText(columns: string[]): string | null {
  return columns.map((name) => name.replace(/[\\,]/g, "\\$&")).join(",") || null;
}

export function withColumn(columns: string[], name: string): string | null {
  return columnsText(columns.includes(name) ? columns : [...columns, name].slice(0, MOST));
}

export function withoutColumn(columns: string[], name: string): string | null {
  return columnsText(columns.filter((each) => each !== name));
}

/** What stands above it: where it is from matters less than what it is. */
export function columnWords(name: string): string {
  return name.replace(/^attributes\./, "");
}
