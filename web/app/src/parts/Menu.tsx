/** A button that opens a small panel below itself; Escape and a click elsewhere close it, and the focus goes back. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import "./menu.css";

interface Props {
  label: ComponentChildren;
  /** What a screen reader says where the label is a sign. */
  name?: string;
  class?: string;
  side?: "left" | "right";
  children: (close: () => void) => ComponentChildren;
  /** Opens from outside, as by a key, whenever this grows. */
  opened?: number;
}

export function Menu({ label, name, class: style = "button", side = "left", children, opened = 0 }: Props) {
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  /** Where the focus was when a key opened the menu. */
  const before = useRef<Element | null>(null);
  useEffect(() => {
    if (opened === 0) return;
    if (!place.current?.contains(document.activeElement)) before.current = document.activeElement;
    setOpen(true);
  }, [opened]);
  useEffect(() => {
    if (!open) return;
    const first = place.current?.querySelector<HTMLElement>(".menu-panel :is(input, button, a, select)");
    first?.focus();
    const outside = (event: Event) => {
      if (!place.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);
  function close() {
    setOpen(false);
    // Opened by a key, it gives the keys back to the page.
    const to = before.current ?? button.current;
    before.current = null;
    if (to === document.body) (document.activeElement as HTMLElement | null)?.blur();
    else if (to instanceof HTMLElement) to.focus();
  }
  function keyed(event: KeyboardEvent) {
    if (event.key === "Escape" && open) {
      event.stopPropagation();
      close();
    }
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && open) {
      const items = [...(place.current?.querySelectorAll<HTMLElement>(".menu-panel :is(button, a)") ?? [])];
      const at = items.indexOf(document.activeElement as HTMLElement);
      if (event.target instanceof HTMLInputElement && event.key === "ArrowUp") return;
      items[(at + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length]?.focus();
      event.preventDefault();
    }
  }
  return (
    <div
      class="menu"
      ref={place}
      onKeyDown={keyed}
      onFocusOut={(event) => {
        const to = event.relatedTarget;
        if (to instanceof Node && !place.current?.contains(to)) setOpen(false);
      }}
    >
      <button
        type="button"
        class={style}
        ref={button}
        aria-haspopup="true"
        aria-expanded={open}
        {...(name ? { "aria-label": name, title: name } : {})}
        onClick={() => setOpen(!open)}
      >
        {label}
      </button>
      {open && <div class={`menu-panel ${side}`}>{children(close)}</div>}
    </div>
  );
}
