/** A long list of rows of one height, of which only those in sight exist. Ten rows or a hundred thousand cost the same. */
import type { ComponentChildren, Ref } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import "./rows.css";

interface Props {
  count: number;
  height: number;
  row: (index: number) => ComponentChildren;
  /** Called when the end comes into sight. */
  onEnd?: (() => void) | undefined;
  onScroll?: (top: number) => void;
  /** Keeps this row in sight when it changes. */
  selected?: number | undefined;
  label: string;
  place?: Ref<HTMLDivElement>;
  role?: "table" | "rowgroup" | "list" | "tree" | "treegrid" | "listbox" | "grid";
}

const BEYOND = 8;

export function VirtualRows({ count, height, row, onEnd, onScroll, selected, label, place, role = "table" }: Props) {
  const own = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, size: 600 });
  const frame = useRef(0);
  useLayoutEffect(() => {
    const element = own.current;
    if (!element) return;
    if (typeof place === "function") place(element);
    else if (place) place.current = element;
    const measure = () => setView({ top: element.scrollTop, size: element.clientHeight });
    measure();
    const observer = typeof ResizeObserver === "undefined" ? undefined : new ResizeObserver(measure);
    observer?.observe(element);
    return () => {
      observer?.disconnect();
      cancelAnimationFrame(frame.current);
    };
  }, []);
  useLayoutEffect(() => {
    const element = own.current;
    if (!element || selected === undefined || selected < 0) return;
    const top = selected * height;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + height > element.scrollTop + element.clientHeight)
      element.scrollTop = top + height - element.clientHeight;
  }, [selected, height]);
  function scrolled() {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => {
      const element = own.current;
      if (!element) return;
      setView({ top: element.scrollTop, size: element.clientHeight });
      onScroll?.(element.scrollTop);
      if (onEnd && element.scrollTop + element.clientHeight > element.scrollHeight - 20 * height) onEnd();
    });
  }
  const first = Math.max(0, Math.floor(view.top / height) - BEYOND);
  const last = Math.min(count, Math.ceil((view.top + view.size) / height) + BEYOND);
  const rows = [];
  for (let index = first; index < last; index += 1) rows.push(row(index));
  return (
    <div
      class="rows"
      ref={own}
      onScroll={scrolled}
      role={role}
      aria-label={label}
      aria-rowcount={role === "table" || role === "grid" ? count : undefined}
      tabIndex={0}
    >
      <div class="rows-all" role="presentation" style={{ height: `${count * height}px` }}>
        <div class="rows-seen" role="presentation" style={{ transform: `translateY(${first * height}px)` }}>
          {rows}
        </div>
      </div>
    </div>
  );
}
