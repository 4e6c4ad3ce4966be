/** The order of a table's rows, as the address has it: `p95` is the largest first, `-p95` the smallest. */

export interface Order<Column extends string> {
  column: Column;
  down: boolean;
}

/** Names begin at A; numbers with the largest, which is what one looks for. */
export function orderOf<Column extends string>(text: string, columns: readonly Column[], usual: Column): Order<Column> {
  const column = columns.find((each) => each === text.replace(/^-/, ""));
  return column ? { column, down: !text.startsWith("-") } : { column: usual, down: true };
}

/** What a click on a column's head asks for; null is the usual order. */
export function clicked<Column extends string>(order: Order<Column>, column: Column, usual: Column): string | null {
  const text = order.column === column && order.down ? `-${column}` : column;
  return text === usual ? null : text;
}

/** The rows in this order; what has no value is last either way. */
export function ordered<Row>(rows: readonly Row[], down: boolean, value: (row: Row) => number | string | null): Row[] {
  const sign = down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    // Downwards from A, as a list of names is read.
    if (typeof x === "string" || typeof y === "string") return -sign * String(x).localeCompare(String(y));
    return sign * (x - y);
  });
}
