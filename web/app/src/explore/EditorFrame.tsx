/** The room of the editor, whose lower edge can be drawn. */
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";

const KEY = "andiron.explore.height";
const LEAST = 60;
const USUAL = 168;
const STEP = 20;

export function EditorFrame({ children }: { children: ComponentChildren }) {
  const frame = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(read);
  function resize(to: number) {
    const next = Math.round(Math.max(LEAST, Math.min(innerHeight * 0.7, to)));
    setHeight(next);
    try {
      localStorage.setItem(KEY, String(next));
    } catch {
      // Then it is as usual the next time.
    }
  }
  function drag(event: PointerEvent) {
    const handle = event.currentTarget as HTMLElement;
    handle.setPointerCapture(event.pointerId);
    const top = frame.current?.getBoundingClientRect().top ?? 0;
    const move = (to: PointerEvent) => resize(to.clientY - top);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", () => handle.removeEventListener("pointermove", move), { once: true });
  }
  function keyed(event: KeyboardEvent) {
    const step = event.key === "ArrowDown" ? STEP : event.key === "ArrowUp" ? -STEP : 0;
    if (!step) return;
    event.preventDefault();
    resize(height + step);
  }
  return (
    <>
      <div class="explore-editor" ref={frame} style={{ height: `${height}px` }}>
        {children}
      </div>
      <div
        class="explore-edge"
        role="separator"
        aria-orientation="horizontal"
        aria-label="Height of the editor"
        aria-valuenow={height}
        aria-valuemin={LEAST}
        tabIndex={0}
        onPointerDown={drag}
        onDblClick={() => resize(USUAL)}
        onKeyDown={keyed}
      />
    </>
  );
}

function read(): number {
  try {
    return Number(localStorage.getItem(KEY)) || USUAL;
  } catch {
    return USUAL;
  }
}
