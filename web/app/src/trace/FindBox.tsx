/** The search within a trace: its text is `find` in the address; Enter goes to the next that was found. */
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { param, set } from "../state/address";
import type { Look } from "./TraceView";

/** The field, for the key that leads to it. */
export const findField = signal<HTMLInputElement | null>(null);

const PAUSE = 120;

export function FindBox({ look }: { look: Look }) {
  const asked = param("find");
  const [text, setText] = useState(asked);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => setText(asked), [asked]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const { matches, target, forest, point } = look;
  function write(next: string) {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => set({ find: next.trim() || null }, { replace: true }), PAUSE);
  }
  function next(by: 1 | -1) {
    if (!matches?.length) return;
    const at = target ? matches.indexOf(target.key) : -1;
    const index = at < 0 ? (by > 0 ? 0 : matches.length - 1) : (at + by + matches.length) % matches.length;
    const node = forest.byKey.get(matches[index] ?? "");
    if (node) point(node);
  }
  const at = matches && target ? matches.indexOf(target.key) : -1;
  return (
    <div class="find row" role="search">
      <span class="find-count small quiet-text number" role="status">
        {matches && (matches.length ? `${at >= 0 ? `${at + 1} of ` : ""}${matches.length} found` : "nothing found")}
      </span>
      <input
        ref={(element) => {
          findField.value = element;
        }}
        class="field find-field"
        type="text"
        placeholder="Search this trace"
        aria-label="Search this trace"
        title="Words, service:api, &quot;exact words&quot;. f goes here, n and N go on."
        spellcheck={false}
        autocomplete="off"
        value={text}
        onInput={(event) => write(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") next(event.shiftKey ? -1 : 1);
          else if (event.key === "Escape") {
            write("");
            event.currentTarget.blur();
          } else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
    </div>
  );
}
