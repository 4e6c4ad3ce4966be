/** The whole trace in a strip: every span a thin line. Dragging over a part zooms the time axis to it, a double click shows all again. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { placeOf } from "./axis";
import { cleared, ink, serviceInk } from "./ink";
import type { Gap } from "./stats";
import type { Look } from "./TraceView";
import { useSize } from "./useSize";

const HEIGHT = 44;
/** A click moves by some pixels; a drag is longer. */
const CLICK = 4;

export function Minimap({ look, gaps }: { look: Look; gaps: Gap[] }) {
  const { forest, whole, window, zoom } = look;
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width } = useSize(place);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const error = ink("--fill-error");
  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element || !width) return;
    const context = cleared(element, width, HEIGHT);
    if (!context) return;
    context.fillStyle = ink("--paper-3");
    for (const gap of gaps) {
      const left = placeOf(gap.from, whole) * width;
      context.fillRect(left, 0, placeOf(gap.to, whole) * width - left, HEIGHT);
    }
    const spans = forest.nodes.filter((node) => !node.note || !node.parent);
    const line = Math.min(4, Math.max(1, HEIGHT / Math.max(1, spans.length)));
    // Errors last, so that nothing hides them.
    for (const errors of [false, true]) {
      for (const [index, node] of spans.entries()) {
        if (node.error !== errors) continue;
        const left = placeOf(node.start, whole) * width;
        const right = placeOf(node.end, whole) * width;
        context.fillStyle = errors ? error : serviceInk(node.row.service_name);
        context.fillRect(
          left,
          (index / spans.length) * (HEIGHT - line),
          Math.max(node.note ? 2 : 1, right - left),
          line,
        );
      }
    }
  }, [forest, width, gaps, error]);
  function at(event: PointerEvent): number {
    const box = place.current?.getBoundingClientRect();
    return box ? Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) : 0;
  }
  function down(event: PointerEvent) {
    if (event.button !== 0) return;
    place.current?.setPointerCapture(event.pointerId);
    setDrag({ from: at(event), to: at(event) });
  }
  function up() {
    if (drag && Math.abs(drag.to - drag.from) * width > CLICK) {
      const length = whole.to - whole.from;
      const [from, to] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
      zoom({ from: whole.from + from * length, to: whole.from + to * length });
    }
    setDrag(null);
  }
  const zoomedIn = window.from > whole.from || window.to < whole.to;
  const shown = drag
    ? { left: Math.min(drag.from, drag.to), right: Math.max(drag.from, drag.to) }
    : zoomedIn
      ? { left: placeOf(window.from, whole), right: placeOf(window.to, whole) }
      : null;
  return (
    <div
      ref={place}
      class="minimap"
      style={{ height: `${HEIGHT}px` }}
      title="Drag to zoom; double click for the whole time"
      aria-hidden="true"
      onPointerDown={down}
      onPointerMove={(event) => drag && setDrag({ from: drag.from, to: at(event) })}
      onPointerUp={up}
      onPointerCancel={() => setDrag(null)}
      onDblClick={() => zoom(whole)}
    >
      <canvas ref={canvas} />
      {shown && (
        <>
          <div class="minimap-off" style={{ left: 0, width: `${shown.left * 100}%` }} />
          <div class="minimap-off" style={{ right: 0, width: `${(1 - shown.right) * 100}%` }} />
          <div class="minimap-on" style={{ left: `${shown.left * 100}%`, right: `${(1 - shown.right) * 100}%` }} />
        </>
      )}
    </div>
  );
}
