/** The flame graph: all spans by time and depth on one canvas, of which only the part in sight is drawn. */
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Axis } from "./Axis";
import { moved, placeOf, ticks as ticksOf, zoomed } from "./axis";
import { spanAt, spansByLane } from "./flame";
import { cleared, ink, serviceInk } from "./ink";
import { flameLanes } from "./layout";
import type { Look } from "./TraceView";
import type { Node } from "./tree";
import { useSize } from "./useSize";
import { long, nameOf, spoken } from "./words";
import "./flame.css";

const LANE = 20;
/** A name needs so many pixels to say anything. */
const NAMED = 28;

export function Flame({ look }: { look: Look }) {
  const { forest, window, whole, zoom, cursor, point, matching, path } = look;
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height } = useSize(place);
  const [top, setTop] = useState(0);
  const [over, setOver] = useState<{ node: Node; x: number; y: number } | null>(null);
  const lanes = useMemo(() => flameLanes(forest), [forest]);
  const byLane = useMemo(() => spansByLane(forest, lanes), [forest, lanes]);
  const ticks = ticksOf(window, whole.from, Math.max(2, Math.floor((width || 700) / 96)));
  const paper = ink("--paper");
  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element || !width || !height) return;
    const context = cleared(element, width, height);
    if (!context) return;
    context.font = `12px ${getComputedStyle(element).fontFamily}`;
    context.textBaseline = "middle";
    const error = ink("--error");
    const text = ink("--ink");
    const critical = ink("--ink-2");
    const focus = ink("--focus");
    const first = Math.max(0, Math.floor(top / LANE));
    const last = Math.min(byLane.length, Math.ceil((top + height) / LANE));
    for (let lane = first; lane < last; lane += 1) {
      const y = lane * LANE - top;
      let drawn = -1;
      for (const node of byLane[lane] ?? []) {
        if (node.end < window.from || node.start > window.to) continue;
        const left = placeOf(node.start, window) * width;
        const right = Math.max(left + 1, placeOf(node.end, window) * width - 0.5);
        const meant = node === cursor;
        // Thousands within one pixel are one.
        if (right <= drawn + 0.5 && !meant && !node.error) continue;
        drawn = right;
        context.globalAlpha = matching && !matching.has(node.key) ? 0.18 : 0.42;
        context.fillStyle = serviceInk(node.row.service_name);
        context.fillRect(left, y, right - left, LANE - 1);
        context.globalAlpha = matching && !matching.has(node.key) ? 0.3 : 1;
        if (path.has(node.key) && right - left > 3) {
          context.fillStyle = critical;
          context.fillRect(left, y + LANE - 3, right - left, 2);
        }
        if (node.error) {
          context.fillStyle = error;
          context.fillRect(left, y, Math.max(2, Math.min(4, right - left)), LANE - 1);
        }
        if (right - left > NAMED) {
          const from = Math.max(left, 0) + (node.error ? 8 : 4);
          context.save();
          context.beginPath();
          context.rect(from, y, Math.min(right, width) - from - 2, LANE);
          context.clip();
          context.fillStyle = text;
          context.fillText(
            `${node.error ? "✕ " : ""}${nameOf(node)}  ${long(node.end - node.start)}`,
            from,
            y + LANE / 2,
          );
          context.restore();
        }
        if (meant) {
          context.strokeStyle = focus;
          context.lineWidth = 2;
          context.strokeRect(left + 1, y + 1, Math.max(2, right - left - 2), LANE - 3);
        }
        context.globalAlpha = 1;
      }
    }
  }, [forest, byLane, width, height, top, window.from, window.to, cursor, matching, path, paper]);
  useLayoutEffect(() => {
    const element = place.current;
    const lane = cursor ? lanes.of[cursor.index] : undefined;
    if (!element || lane === undefined || lane < 0) return;
    const at = lane * LANE;
    if (at < element.scrollTop) element.scrollTop = at;
    else if (at + LANE > element.scrollTop + element.clientHeight) element.scrollTop = at + LANE - element.clientHeight;
  }, [cursor?.key]);
  function under(event: MouseEvent): Node | undefined {
    const box = place.current?.getBoundingClientRect();
    if (!box) return undefined;
    const lane = Math.floor((event.clientY - box.top + top) / LANE);
    const length = window.to - window.from;
    return spanAt(byLane[lane] ?? [], window.from + ((event.clientX - box.left) / width) * length, length / width);
  }
  function wheel(event: WheelEvent) {
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!event.ctrlKey && !sideways) return;
    event.preventDefault();
    const box = place.current?.getBoundingClientRect();
    if (!box) return;
    const length = window.to - window.from;
    const around = window.from + ((event.clientX - box.left) / box.width) * length;
    if (event.ctrlKey) zoom(zoomed(window, whole, event.deltaY > 0 ? 1.25 : 0.8, around));
    else zoom(moved(window, whole, ((event.deltaX || event.deltaY) / box.width) * length));
  }
  return (
    <div class="flame" onWheel={wheel}>
      <div class="flame-axis">
        <Axis window={window} ticks={ticks} gaps={[]} />
      </div>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the keys of the page move the span that is meant, and Enter opens it */}
      <div
        ref={place}
        class="flame-place"
        role="group"
        aria-label="Flame graph. The arrow keys go to parents, children and siblings, Enter shows the details."
        tabIndex={0}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
        onPointerMove={(event) => {
          const node = under(event);
          setOver(node ? { node, x: event.clientX, y: event.clientY } : null);
        }}
        onPointerLeave={() => setOver(null)}
        onClick={(event) => {
          const node = under(event);
          if (node) point(node, true);
        }}
        onDblClick={(event) => {
          const node = under(event);
          zoom(node ? { from: node.start, to: node.end } : whole);
        }}
      >
        <canvas ref={canvas} class="flame-canvas" />
        <div class="flame-all" style={{ height: `${Math.max(0, lanes.count * LANE - height)}px` }} />
      </div>
      <p class="flame-foot small second-text cut" role="status">
        {(over?.node ?? cursor)
          ? spoken((over?.node ?? cursor) as Node, look.runs)
          : "Click a span for its details; double click to zoom to it."}
      </p>
    </div>
  );
}
