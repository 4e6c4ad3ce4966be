/** The rail: one sign with its word for every page. */
import { useEffect, useRef } from "preact/hooks";
import { link, param } from "../state/address";
import { PAGES } from "./pages";
import "./rail.css";

export function Rail({ current }: { current: string }) {
  const shown = current === "trace" ? "traces" : current;
  const rail = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a narrow window the rail is wider than the window.
    rail.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [shown]);
  // In the middle of an incident one looks at the same hour on every page.
  const kept = { from: param("from") || null, to: param("to") || null };
  return (
    <nav class="rail" ref={rail} aria-label="Pages">
      <a class="rail-mark" href={link("", kept)} aria-label="Andiron, to the live page">
        <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
          <path d="M16 3c1 5 6 6.500 6 12a6 6 0 0 1-12 0c0-3 2-4 2.500-6.500C14 9 16 7 16 3z" fill="var(--ember)" />
          <path
            d="M7 29v-8m18 8v-8M5 24h22M5 20.500h22"
            stroke="var(--ink-3)"
            stroke-width="2.500"
            stroke-linecap="round"
            fill="none"
          />
        </svg>
      </a>
      {PAGES.filter((page) => page.rail).map((page) => (
        <a
          key={page.id}
          class="rail-item"
          href={link(page.id === "live" ? "" : page.id, page.range ? kept : {})}
          aria-current={page.id === shown ? "page" : undefined}
        >
          <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
            <path
              d={page.icon}
              fill="none"
              stroke="currentColor"
              stroke-width="1.500"
              stroke-linejoin="round"
              stroke-linecap="round"
            />
          </svg>
          <span>{page.words}</span>
        </a>
      ))}
    </nav>
  );
}
