/** What is wrong with a search, in place: the word underlined behind the text of the box, the sentence below it. */
import type { Problem } from "../api/types";
import "./mistake.css";

export const MISTAKE_ID = "search-mistake";

/** Lies behind the field, letter on letter; only the line under the word is seen. */
export function Underline({ text, problem, left }: { text: string; problem: Problem; left: number }) {
  const { start = 0, end = 0 } = problem.position ?? {};
  if (end <= start || start >= text.length) return null;
  return (
    <div class="search-behind mono" aria-hidden="true">
      <div style={{ transform: `translateX(${-left}px)` }}>
        {text.slice(0, start)}
        <span class="search-wrong">{text.slice(start, end)}</span>
        {text.slice(end)}
      </div>
    </div>
  );
}

export function Mistake({ problem }: { problem: Problem }) {
  return (
    <p class="search-mistake small" id={MISTAKE_ID} role="alert">
      <span class="level-error" aria-hidden="true">
        ✕{" "}
      </span>
      {problem.detail}
    </p>
  );
}
