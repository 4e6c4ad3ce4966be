/** A block of cells, from where it was begun to where it was drawn: places in the table as it is sorted. */

export interface Place {
  row: number;
  column: number;
}

export interface Selection {
  from: Place;
  to: Place;
}

export interface Block {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

export function blockOf({ from, to }: Selection): Block {
  return {
    top: Math.min(from.row, to.row),
    bottom: Math.max(from.row, to.row),
    left: Math.min(from.column, to.column),
    right: Math.max(from.column, to.column),
  };
}

export function holds(block: Block | undefined, row: number, column: number): boolean {
  return (
    block !== undefined && row >= block.top && row <= block.bottom && column >= block.left && column <= block.right
  );
}

export function size(block: Block): number {
  return (block.bottom - block.top + 1) * (block.right - block.left + 1);
}

const STEPS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Where a key leads; undefined is no key of the table. */
export function moved(
  at: Place,
  key: string,
  { rows, columns, page, far }: { rows: number; columns: number; page: number; far: boolean },
): Place | undefined {
  const within = (row: number, column: number): Place => ({
    row: Math.max(0, Math.min(rows - 1, row)),
    column: Math.max(0, Math.min(columns - 1, column)),
  });
  const step = STEPS[key];
  if (step) return within(at.row + step[0] * (far ? rows : 1), at.column + step[1] * (far ? columns : 1));
  if (key === "PageDown") return within(at.row + page, at.column);
  if (key === "PageUp") return within(at.row - page, at.column);
  if (key === "Home") return within(far ? 0 : at.row, 0);
  if (key === "End") return within(far ? rows - 1 : at.row, columns - 1);
  return undefined;
}
