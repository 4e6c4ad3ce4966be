/** The waterfall: a row a span, its name indented by its depth, its bar on the time axis. Only the rows in sight exist. */
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { VirtualRows } from "../parts/VirtualRows";
import { prefer, preferences } from "../state/preferences";
import { Axis, Backdrop } from "./Axis";
import { moved, ticks as ticksOf, zoomed } from "./axis";
import { SpanRow } from "./SpanRow";
import type { Gap } from "./stats";
import type { Look } from "./TraceView";
import type { Node } from "./tree";
import { useSize } from "./useSize";
import "./waterfall.css";

export const ROW = 24;
const LEAST = 120;
/** Pixels that a tick needs. */
const TICK = 96;

export function Waterfall({ look, rows, gaps }: { look: Look; rows: Node[]; gaps: Gap[] }) {
  const { window, whole, zoom, cursor } = look;
  const time = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const place = useRef<HTMLDivElement>(null);
  const { width } = useSize(time);
  const ticks = useMemo(
    () => ticksOf(window, whole.from, Math.max(2, Math.floor((width || 700) / TICK))),
    [window.from, window.to, whole.from, width],
  );
  const at = cursor ? rows.indexOf(cursor) : -1;
  // Where scroll bars take room, the head leaves as much.
  useLayoutEffect(() => {
    const element = list.current;
    if (element) place.current?.style.setProperty("--scroll", `${element.offsetWidth - element.clientWidth}px`);
  });
  useKeptPlace(list, rows);
  useInSight(list, cursor?.key, at);
  function wheel(event: WheelEvent) {
    const box = time.current?.getBoundingClientRect();
    if (
      !box ||
      event.clientX < box.left ||
      !(event.ctrlKey || event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
    )
      return;
    event.preventDefault();
    const length = window.to - window.from;
    if (event.ctrlKey) {
      const around = window.from + ((event.clientX - box.left) / box.width) * length;
      zoom(zoomed(window, whole, event.deltaY > 0 ? 1.25 : 0.8, around));
    } else zoom(moved(window, whole, ((event.deltaX || event.deltaY) / box.width) * length));
  }
  return (
    <div class="waterfall" ref={place} style={{ "--names": `${preferences.value.names}px` }} onWheel={wheel}>
      <div class="waterfall-head">
        <div class="waterfall-names small quiet-text">Service and operation</div>
        <Edge />
        <div class="waterfall-time" ref={time}>
          <Axis window={window} ticks={ticks} gaps={gaps} />
        </div>
        <div class="waterfall-length small quiet-text">Duration</div>
      </div>
      <div class="waterfall-rows">
        <div class="waterfall-behind">
          <Backdrop window={window} ticks={ticks} gaps={gaps} wide={width} />
        </div>
        <VirtualRows
          role="tree"
          label={`Spans of the trace, ${rows.length} rows`}
          count={rows.length}
          height={ROW}
          place={list}
          row={(index) => {
            const node = rows[index] as Node;
            return <SpanRow key={node.key} node={node} look={look} chosen={index === at} />;
          }}
        />
      </div>
    </div>
  );
}

/** The edge between names and bars: dragged, or moved by the arrow keys. */
function Edge() {
  function resize(width: number) {
    prefer({ names: Math.round(Math.min(Math.max(LEAST, width), innerWidth * 0.7)) });
  }
  function drag(event: PointerEvent) {
    const handle = event.currentTarget as HTMLElement;
    handle.setPointerCapture(event.pointerId);
    const left = handle.parentElement?.getBoundingClientRect().left ?? 0;
    const move = (to: PointerEvent) => resize(to.clientX - left);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", () => handle.removeEventListener("pointermove", move), { once: true });
  }
  return (
    <div
      class="waterfall-edge"
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the names"
      aria-valuenow={preferences.value.names}
      aria-valuemin={LEAST}
      tabIndex={0}
      onPointerDown={drag}
      onKeyDown={(event) => {
        const step = event.key === "ArrowLeft" ? -24 : event.key === "ArrowRight" ? 24 : 0;
        if (!step) return;
        event.preventDefault();
        resize(preferences.value.names + step);
      }}
    />
  );
}

/** When rows come or go, the first one in sight stays where it is. */
function useKeptPlace(list: { current: HTMLDivElement | null }, rows: Node[]): void {
  const before = useRef(rows);
  useLayoutEffect(() => {
    const old = before.current;
    before.current = rows;
    const element = list.current;
    if (!element || old === rows || element.scrollTop === 0) return;
    const first = Math.floor(element.scrollTop / ROW);
    const offset = element.scrollTop - first * ROW;
    for (let i = first; i < old.length; i += 1) {
      const key = old[i]?.key;
      const now = rows.findIndex((node) => node.key === key);
      if (now < 0) continue;
      const top = (now - (i - first)) * ROW + offset;
      if (top !== element.scrollTop) element.scrollTop = Math.max(0, top);
      return;
    }
  }, [rows]);
}

/** The chosen row comes into sight when another one is chosen, and not when the list changes around it. */
function useInSight(list: { current: HTMLDivElement | null }, key: string | undefined, at: number): void {
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    if (at < 0) {
      element.removeAttribute("aria-activedescendant");
      return;
    }
    element.setAttribute("aria-activedescendant", `row-${key}`);
    const top = at * ROW;
    const size = element.clientHeight;
    if (top >= element.scrollTop && top + ROW <= element.scrollTop + size) return;
    const near = Math.abs(top - element.scrollTop) < size * 1.5;
    if (!near) element.scrollTop = Math.max(0, top - size / 3);
    else element.scrollTop = top < element.scrollTop ? top : top + ROW - size;
  }, [key]);
}
