/** One cell of the result: a time, a number, a link to a trace, JSON that opens, NULL that is not an empty text. */
import { link } from "../state/address";
import { shown, title, traceOf } from "./cells";
import type { Cell, Column } from "./result";

interface Props {
  id: string;
  cell: Cell;
  column: Column;
  index: number;
  left: number;
  width: number;
  selected: boolean;
  focused: boolean;
  open: () => void;
}

export function GridCell({ id, cell, column, index, left, width, selected, focused, open }: Props) {
  const trace = traceOf(cell, column);
  const text = shown(cell, column);
  const names = ["grid-cell", "cut"];
  if (column.sort === "number") names.push("number");
  if (cell === null) names.push("grid-null");
  if (selected) names.push("selected");
  if (focused) names.push("focused");
  return (
    <div
      id={id}
      class={names.join(" ")}
      role="gridcell"
      tabIndex={-1}
      aria-colindex={index + 2}
      aria-selected={selected}
      title={title(cell, column)}
      style={{ left: `${left}px`, width: `${width}px` }}
    >
      {trace ? (
        <a href={link(`trace/${trace}`)} tabIndex={-1}>
          {text}
        </a>
      ) : typeof cell === "object" && cell !== null && hasMore(cell) ? (
        <button type="button" class="grid-open" tabIndex={-1} onClick={open}>
          {text}
        </button>
      ) : cell === "" ? (
        <span class="unseen">empty</span>
      ) : (
        <bdi>{text}</bdi>
      )}
    </div>
  );
}

function hasMore(cell: object): boolean {
  return Object.keys(cell).length > 0;
}
