/** The line between the head of a trace and its view: which view, the search within, errors, logs, folds, the zoom. */
import { Menu } from "../parts/Menu";
import { Tabs } from "../parts/Tabs";
import { param, set } from "../state/address";
import { FindBox } from "./FindBox";
import { collapsedBelow } from "./layout";
import type { Look, View } from "./TraceView";
import { long } from "./words";

const VIEWS = [
  { id: "waterfall", words: "Waterfall" },
  { id: "flame", words: "Flame" },
  { id: "table", words: "Table" },
  { id: "compare", words: "Compare" },
];

export function Toolbar({ look, view }: { look: Look; view: View }) {
  const { forest, target, point, notes, fold, window, whole, zoom } = look;
  const first = param("first") === "errors";
  const zoomedIn = window.from > whole.from || window.to < whole.to;
  function nextError() {
    const from = target?.index ?? -1;
    const errors = forest.nodes.filter((node) => node.error);
    const next = errors.find((node) => node.index > from) ?? errors[0];
    if (next) point(next);
  }
  return (
    <div class="trace-tools row">
      <Tabs label="View" tabs={VIEWS} chosen={view} choose={(id) => set({ view: id === "waterfall" ? null : id })} />
      {(view === "waterfall" || view === "flame") && (
        <div class="row trace-switches">
          {forest.errors > 0 && (
            <button type="button" class="button small level-error" onClick={nextError} title="Go to the next error (e)">
              <span aria-hidden="true">✕</span> Next error
            </button>
          )}
          {view === "waterfall" && forest.errors > 0 && (
            <button
              type="button"
              class="button small"
              aria-pressed={first}
              title="Branches with errors before their siblings"
              onClick={() => set({ first: first ? null : "errors" }, { replace: true })}
            >
              Errors first
            </button>
          )}
          {view === "waterfall" && forest.nodes.some((node) => node.note && node.parent) && (
            <button
              type="button"
              class="button small"
              aria-pressed={notes}
              title="Logs and events as rows of their own (l)"
              onClick={() => set({ logs: notes ? null : "1" }, { replace: true })}
            >
              Logs as rows
            </button>
          )}
          {view === "waterfall" && forest.depth > 1 && (
            <Menu class="button small" label="Fold" name="Fold the rows">
              {(close) => (
                <>
                  {Array.from({ length: Math.min(forest.depth - 1, 6) }, (_, i) => i + 1).map((depth) => (
                    <button
                      key={depth}
                      type="button"
                      class="menu-item"
                      onClick={() => {
                        fold(collapsedBelow(forest, depth));
                        close();
                      }}
                    >
                      {depth === 1 ? "Show the first level only" : `Show ${depth} levels`}
                    </button>
                  ))}
                  <button
                    type="button"
                    class="menu-item"
                    onClick={() => {
                      fold(new Set<string>());
                      close();
                    }}
                  >
                    Unfold all
                  </button>
                </>
              )}
            </Menu>
          )}
          {zoomedIn && (
            <button
              type="button"
              class="button small"
              aria-pressed="true"
              onClick={() => zoom(whole)}
              title="Back to the whole time (0)"
            >
              {long(window.to - window.from)} shown ✕
            </button>
          )}
        </div>
      )}
      {view !== "compare" && <FindBox look={look} />}
    </div>
  );
}
