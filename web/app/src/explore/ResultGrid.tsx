/** The result as a table of which only the cells in sight exist: sorted, drawn, selected and copied like a sheet. */
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { exact } from "../format/number";
import { Copy } from "../parts/Copy";
import { param, set } from "../state/address";
import { preferences } from "../state/preferences";
import { GridCell } from "./GridCell";
import { Heading } from "./Heading";
import { nextOrder, ordered, orderOf } from "./ordering";
import type { Cell, Result } from "./result";
import { type Block, blockOf, holds, moved, type Place, type Selection, size } from "./selection";
import { tsv } from "./tsv";
import { between, fittingWidth, starts } from "./widths";
import "./grid.css";

const ROW = 24;
const HEAD = 28;
const BEYOND = 8;
const WIDEST = 2000;

/** What is looked at closely: a cell, or a whole row where the column is undefined. */
export interface Opened {
  row: number;
  column: number | undefined;
}

interface Props {
  result: Result;
  open: (opened: Opened) => void;
}

export function ResultGrid({ result, open }: Props) {
  const grid = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, left: 0, width: 800, height: 400 });
  const [drawn, setDrawn] = useState<Record<string, number>>({});
  const [selection, setSelection] = useState<Selection | undefined>(undefined);
  const zone = preferences.value.zone;
  const sorting = param("sort");
  const order = orderOf(sorting);
  const places = useMemo(() => ordered(result, orderOf(sorting)), [result, sorting]);
  const fitting = useMemo(() => result.columns.map((_, index) => fittingWidth(result, index)), [result, zone]);
  const widths = result.columns.map((column, index) => drawn[column.name] ?? fitting[index] ?? 0);
  const edges = starts(widths);
  const gutter = 18 + String(result.rows.length).length * 8;
  useLayoutEffect(() => {
    setSelection(undefined);
    if (grid.current) grid.current.scrollTop = 0;
  }, [result]);
  useLayoutEffect(() => {
    const element = grid.current;
    if (!element) return;
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  function measure() {
    const element = grid.current;
    if (!element) return;
    setView({
      top: element.scrollTop,
      left: element.scrollLeft,
      width: element.clientWidth,
      height: element.clientHeight,
    });
  }
  const cellAt = (row: number, column: number): Cell => result.rows[places[row] ?? 0]?.[column] ?? null;
  const block = selection && blockOf(selection);
  const first = Math.max(0, Math.floor(view.top / ROW) - BEYOND);
  const last = Math.min(places.length, Math.ceil((view.top + view.height) / ROW) + BEYOND);
  const [firstColumn, lastColumn] = between(edges, view.left - 200, view.left + view.width + 200);
  const columns = result.columns.slice(firstColumn, lastColumn);

  function textOf(part: Block, names: boolean): string {
    const rows = places
      .slice(part.top, part.bottom + 1)
      .map((place) => result.rows[place]?.slice(part.left, part.right + 1) ?? []);
    return tsv(rows, names ? result.columns.slice(part.left, part.right + 1).map((each) => each.name) : undefined);
  }
  function reveal({ row, column }: Place) {
    const element = grid.current;
    if (!element) return;
    const [top, bottom] = [row * ROW, (row + 1) * ROW + HEAD];
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
    const [left, right] = [edges[column] ?? 0, (edges[column + 1] ?? 0) + gutter];
    if (left < element.scrollLeft) element.scrollLeft = left;
    else if (right > element.scrollLeft + element.clientWidth) element.scrollLeft = right - element.clientWidth;
  }
  function keyed(event: KeyboardEvent) {
    if (event.target !== grid.current) return;
    const far = event.ctrlKey || event.metaKey;
    if (far && event.key === "a") {
      setSelection({
        from: { row: 0, column: 0 },
        to: { row: places.length - 1, column: result.columns.length - 1 },
      });
    } else if (event.key === "Enter" && selection) {
      open({ row: places[selection.to.row] ?? 0, column: selection.to.column });
    } else if (event.key === "Escape" && selection) {
      setSelection(undefined);
    } else {
      const page = Math.max(1, Math.floor(view.height / ROW) - 2);
      const size = { rows: places.length, columns: result.columns.length, page, far };
      const at = selection ? moved(selection.to, event.key, size) : undefined;
      const to = at ?? (event.key.startsWith("Arrow") ? { row: first ? first + BEYOND : 0, column: 0 } : undefined);
      if (!to) return;
      setSelection({ from: event.shiftKey && selection ? selection.from : to, to });
      reveal(to);
    }
    event.preventDefault();
    event.stopPropagation();
  }
  function placeOf(event: PointerEvent | MouseEvent): Place | undefined {
    const element = grid.current;
    if (!element) return undefined;
    const box = element.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top + element.scrollTop - HEAD) / ROW);
    const x = event.clientX - box.left + element.scrollLeft - gutter;
    if (event.clientY - box.top < HEAD || row < 0 || row >= places.length || x >= (edges.at(-1) ?? 0)) return undefined;
    if (event.clientX - box.left < gutter) return { row, column: -1 };
    return { row, column: between(edges, x, x)[0] };
  }
  function pressed(event: PointerEvent) {
    const at = placeOf(event);
    if (!at || event.button !== 0) return;
    const end = result.columns.length - 1;
    const from = event.shiftKey && selection ? selection.from : { ...at, column: Math.max(0, at.column) };
    setSelection({ from, to: at.column < 0 ? { row: at.row, column: end } : at });
    if (at.column < 0 || event.pointerType === "touch") return;
    const move = (to: PointerEvent) => {
      const next = placeOf(to);
      if (next && next.column >= 0) setSelection({ from, to: next });
    };
    document.addEventListener("pointermove", move);
    document.addEventListener("pointerup", () => document.removeEventListener("pointermove", move), { once: true });
  }
  const focus = selection?.to;
  const whole = (part: Partial<Block>): Block => ({
    top: 0,
    bottom: places.length - 1,
    left: 0,
    right: result.columns.length - 1,
    ...part,
  });
  return (
    <div class="grid-frame">
      <div
        class="grid"
        ref={grid}
        role="grid"
        aria-label="Result"
        aria-rowcount={places.length + 1}
        aria-colcount={result.columns.length + 1}
        aria-multiselectable="true"
        aria-activedescendant={focus ? `cell-${focus.row}-${focus.column}` : undefined}
        tabIndex={0}
        onScroll={() => requestAnimationFrame(measure)}
        onKeyDown={keyed}
        onPointerDown={pressed}
        onMouseDown={(event) => {
          // The table holds the focus, whichever cell was meant; headings keep their own.
          if ((event.target as Element).closest(".grid-head")) return;
          event.preventDefault();
          grid.current?.focus();
        }}
        onDblClick={(event) => {
          const at = placeOf(event);
          if (at) open({ row: places[at.row] ?? 0, column: at.column < 0 ? undefined : at.column });
        }}
        onCopy={(event) => {
          if (!block) return;
          event.clipboardData?.setData("text/plain", textOf(block, size(block) > 1 && block.bottom > block.top));
          event.preventDefault();
        }}
      >
        <div
          class="grid-head"
          role="row"
          tabIndex={-1}
          aria-rowindex={1}
          style={{ width: `${gutter + (edges.at(-1) ?? 0)}px` }}
        >
          <div class="grid-corner" role="columnheader" tabIndex={-1} aria-colindex={1} style={{ width: `${gutter}px` }}>
            <span class="unseen">Row</span>
          </div>
          {columns.map((column, offset) => {
            const index = firstColumn + offset;
            const draw = (width: number) => setDrawn((all) => ({ ...all, [column.name]: Math.round(width) }));
            return (
              <Heading
                key={column.name}
                column={column}
                index={index}
                left={gutter + (edges[index] ?? 0)}
                width={widths[index] ?? 0}
                order={order}
                sort={() => set({ sort: nextOrder(order, column.name) }, { replace: true })}
                resize={draw}
                adjust={() => draw(fittingWidth(result, index, WIDEST))}
              />
            );
          })}
        </div>
        <div
          class="grid-body"
          role="presentation"
          style={{ height: `${places.length * ROW}px`, width: `${gutter + (edges.at(-1) ?? 0)}px` }}
        >
          {places.slice(first, last).map((place, offset) => {
            const row = first + offset;
            return (
              <div
                key={row}
                class="grid-row"
                role="row"
                tabIndex={-1}
                aria-rowindex={row + 2}
                style={{ transform: `translateY(${row * ROW}px)` }}
              >
                <div
                  class="grid-number quiet-text"
                  role="rowheader"
                  tabIndex={-1}
                  aria-colindex={1}
                  style={{ width: `${gutter}px` }}
                >
                  {exact(row + 1)}
                </div>
                {columns.map((column, at) => {
                  const index = firstColumn + at;
                  return (
                    <GridCell
                      key={column.name}
                      id={`cell-${row}-${index}`}
                      cell={cellAt(row, index)}
                      column={column}
                      index={index}
                      left={gutter + (edges[index] ?? 0)}
                      width={widths[index] ?? 0}
                      selected={holds(block, row, index)}
                      focused={focus?.row === row && focus.column === index}
                      open={() => open({ row: place, column: index })}
                    />
                  );
                })}
              </div>
            );
          })}
        </div>
      </div>
      <div class="grid-foot row small">
        {focus && block ? (
          <>
            <span class="cut second-text">
              {size(block) > 1
                ? `${exact(size(block))} cells`
                : `${result.columns[focus.column]?.name}, row ${exact(focus.row + 1)}`}
            </span>
            {size(block) > 1 ? (
              <Copy words="Copy selection" text={() => textOf(block, block.bottom > block.top)} />
            ) : (
              <>
                <Copy words="Copy cell" text={() => textOf(block, false)} />
                <Copy words="Copy row" text={() => textOf(whole({ top: focus.row, bottom: focus.row }), true)} />
                <Copy
                  words="Copy column"
                  text={() => textOf(whole({ left: focus.column, right: focus.column }), true)}
                />
                <button
                  type="button"
                  class="button small quiet"
                  onClick={() => open({ row: places[focus.row] ?? 0, column: undefined })}
                >
                  Open row
                </button>
              </>
            )}
          </>
        ) : (
          <span class="quiet-text cut">Select cells to copy them; Enter or a double click opens one.</span>
        )}
      </div>
    </div>
  );
}
