/** Keys: each part says which it takes and what they do, and `?` shows all that count at the moment. */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

export interface Binding {
  /** As `KeyboardEvent.key` has it, with `Ctrl+` before; several with a space between, which itself is `Space`: `j ArrowDown`. */
  keys: string;
  words: string;
  act: (event: KeyboardEvent) => void;
  /** Also while somebody types in a field. */
  always?: boolean;
}

interface Group {
  title: string;
  bindings: Binding[];
}

const groups = signal<Group[]>([]);
export const helpOpen = signal(false);

/** Take keys as long as the component is there. The latest to come is asked first. */
export function useKeys(title: string, bindings: Binding[]): void {
  const group = useRef<Group>({ title, bindings });
  group.current.bindings = bindings;
  useEffect(() => {
    const mine = group.current;
    groups.value = [mine, ...groups.value];
    return () => {
      groups.value = groups.value.filter((each) => each !== mine);
    };
  }, []);
}

/** For the help: the groups by title, in the order of their coming. */
export function shownKeys(): Group[] {
  const byTitle = new Map<string, Binding[]>();
  for (const { title, bindings } of [...groups.value].reverse()) {
    byTitle.set(title, [...(byTitle.get(title) ?? []), ...bindings]);
  }
  return [...byTitle].map(([title, bindings]) => ({ title, bindings }));
}

export function listen(): () => void {
  const keyed = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.altKey || event.metaKey) return;
    const key = event.key === " " ? "Space" : event.key;
    const name = event.ctrlKey ? `Ctrl+${key}` : key;
    if (pressesItself(event)) return;
    const typing = isTyping(event);
    for (const { bindings } of groups.value) {
      const found = bindings.find((each) => (each.always || !typing) && each.keys.split(" ").includes(name));
      if (found) {
        event.preventDefault();
        found.act(event);
        return;
      }
    }
  };
  document.addEventListener("keydown", keyed);
  return () => document.removeEventListener("keydown", keyed);
}

/** Looks through shadow roots, where the editor lives. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "range"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

/** Enter and Space belong to the button or link that has the focus. */
function pressesItself(event: KeyboardEvent): boolean {
  if (event.key !== "Enter" && event.key !== " ") return false;
  const target = event.composedPath()[0];
  return target instanceof Element && target.closest("button, a, summary, input") !== null;
}
