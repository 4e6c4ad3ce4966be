/** The panel at the right that tells more of what was chosen: resizable, closed by Escape, over everything where the window is narrow. */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { prefer, preferences } from "../state/preferences";
import "./drawer.css";

const LEAST = 320;

export function Drawer({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
  const drawer = useRef<HTMLElement>(null);
  function drag(event: PointerEvent) {
    const handle = event.currentTarget as HTMLElement;
    handle.setPointerCapture(event.pointerId);
    const right = drawer.current?.getBoundingClientRect().right ?? innerWidth;
    const move = (to: PointerEvent) => resize(right - to.clientX);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", () => handle.removeEventListener("pointermove", move), { once: true });
  }
  function resize(width: number) {
    prefer({ drawer: Math.round(Math.min(Math.max(LEAST, width), innerWidth * 0.75)) });
  }
  function keyed(event: KeyboardEvent) {
    const step = event.key === "ArrowLeft" ? 24 : event.key === "ArrowRight" ? -24 : 0;
    if (!step) return;
    event.preventDefault();
    resize(preferences.value.drawer + step);
  }
  return (
    <aside class="drawer" ref={drawer} aria-label={title} style={{ "--drawer": `${preferences.value.drawer}px` }}>
      <div
        class="drawer-edge"
        role="separator"
        aria-orientation="vertical"
        aria-label="Width of the details"
        aria-valuenow={preferences.value.drawer}
        aria-valuemin={LEAST}
        tabIndex={0}
        onPointerDown={drag}
        onKeyDown={keyed}
      />
      <button type="button" class="button quiet small drawer-close" aria-label="Close the details" onClick={close}>
        ✕
      </button>
      {children}
    </aside>
  );
}
