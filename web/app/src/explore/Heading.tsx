/** The heading of a column: a click sorts, the edge at its right is drawn, a double click on it fits the width to the content. */
import type { Order } from "./ordering";
import type { Column } from "./result";
import { LEAST } from "./widths";

interface Props {
  column: Column;
  index: number;
  left: number;
  width: number;
  order: Order | undefined;
  sort: () => void;
  resize: (width: number) => void;
  adjust: () => void;
}

const STEP = 16;

export function Heading({ column, index, left, width, order, sort, resize, adjust }: Props) {
  const state = order?.column === column.name ? (order.descending ? "descending" : "ascending") : "none";
  function drag(event: PointerEvent) {
    event.preventDefault();
    const handle = event.currentTarget as HTMLElement;
    handle.setPointerCapture(event.pointerId);
    const from = event.clientX;
    const move = (to: PointerEvent) => resize(Math.max(LEAST, width + to.clientX - from));
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", () => handle.removeEventListener("pointermove", move), { once: true });
  }
  function keyed(event: KeyboardEvent) {
    if (event.key === "ArrowLeft") resize(Math.max(LEAST, width - STEP));
    else if (event.key === "ArrowRight") resize(width + STEP);
    else if (event.key === "Enter") adjust();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  return (
    <div
      class={column.sort === "number" ? "grid-heading number" : "grid-heading"}
      role="columnheader"
      tabIndex={-1}
      aria-colindex={index + 2}
      aria-sort={state}
      style={{ left: `${left}px`, width: `${width}px` }}
    >
      <button type="button" class="grid-sort cut" title={`${column.name} · ${column.type}`} onClick={sort}>
        {column.name}
        <span class="grid-order" aria-hidden="true">
          {state === "none" ? "" : state === "ascending" ? " ↑" : " ↓"}
        </span>
      </button>
      <div
        class="grid-edge"
        role="separator"
        aria-orientation="vertical"
        aria-label={`Width of ${column.name}`}
        aria-valuenow={width}
        aria-valuemin={LEAST}
        tabIndex={0}
        onPointerDown={drag}
        onDblClick={adjust}
        onKeyDown={keyed}
      />
    </div>
  );
}
