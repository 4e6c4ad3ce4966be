/** The worked examples, to look through and to run. */
import { useState } from "preact/hooks";
import { type Example, grouped } from "./examples";

export function Gallery({ take, wide = false }: { take: (example: Example) => void; wide?: boolean }) {
  const [search, setSearch] = useState("");
  const groups = grouped(search);
  return (
    <div class={wide ? "gallery wide" : "gallery"}>
      {wide && (
        <p class="second-text gallery-words">
          Write SQL above and run it with <kbd>Ctrl</kbd> <kbd>Enter</kbd>, or begin with one of these: each runs as it
          is.
        </p>
      )}
      <input
        class="field gallery-search"
        type="search"
        aria-label="Search the examples"
        placeholder="Search the examples"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      {!groups.length && <p class="quiet-text">No example has these words.</p>}
      <div class="gallery-groups">
        {groups.map(({ group, examples }) => (
          <section key={group} class="gallery-group">
            <h2>{group}</h2>
            <ul>
              {examples.map((example) => (
                <li key={example.title}>
                  <button type="button" class="gallery-one" title={example.sql} onClick={() => take(example)}>
                    <span class="gallery-title">{example.title}</span>
                    <span class="second-text small">{example.words}</span>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </div>
  );
}
