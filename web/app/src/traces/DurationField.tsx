/** A field for a bound of the durations, as `100ms`; taken over with Enter or when it is left. */
import { useEffect, useState } from "preact/hooks";
import { durationOf } from "../format/duration";
import { param, set } from "../state/address";

export function DurationField({ name, words }: { name: "min" | "max"; words: string }) {
  const asked = param(name);
  const [text, setText] = useState(asked);
  useEffect(() => setText(asked), [asked]);
  const wrong = text.trim() !== "" && durationOf(text) === undefined;
  function take() {
    if (!wrong && text.trim() !== asked) set({ [name]: text.replace(/\s+/g, "") || null });
  }
  return (
    <label class="duration-field small second-text">
      {words}
      <input
        class="field number"
        aria-label={name === "min" ? "Shortest duration" : "Longest duration"}
        title="A number with µs, ms, s, m or h, as 100ms"
        placeholder={name === "min" ? "100ms" : "5s"}
        value={text}
        aria-invalid={wrong}
        onInput={(event) => setText(event.currentTarget.value)}
        onBlur={take}
        onKeyDown={(event) => {
          if (event.key === "Enter") take();
          if (event.key === "Escape") setText(asked);
        }}
      />
    </label>
  );
}
