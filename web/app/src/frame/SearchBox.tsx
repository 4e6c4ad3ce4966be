/** The search box. Its text is `q` in the address, taken over with Enter. */
import { useEffect, useRef, useState } from "preact/hooks";
import { param, set } from "../state/address";
import { useKeys } from "./keys";
import "./search.css";

export function SearchBox() {
  const asked = param("q");
  const [text, setText] = useState(asked);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => setText(asked), [asked]);
  useKeys("Everywhere", [{ keys: "/", words: "Search", act: () => field.current?.focus() }]);
  return (
    <form
      class="search spread"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        set({ q: text.trim() || null });
      }}
    >
      <input
        ref={field}
        class="field search-field mono"
        type="text"
        aria-label="Search"
        placeholder="Search: words, service:api, duration:>100ms, or WHERE …"
        spellcheck={false}
        autocomplete="off"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </form>
  );
}
