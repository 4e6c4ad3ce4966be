/** The live page: what there is over time and by field, the records as they come, and all about the one that was chosen. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { project } from "../api/client";
import { useBar } from "../frame/Bar";
import { useKeys } from "../frame/keys";
import { Drawer } from "../parts/Drawer";
import { type Filter, RecordDetails } from "../record/RecordDetails";
import { useSearchProblem } from "../search/problem";
import { withTerm } from "../search/terms";
import { param, set } from "../state/address";
import { choose as chooseRange, DEFAULT_RANGE, range } from "../state/range";
import { columnsOf, withColumn } from "./columns";
import { Facets } from "./Facets";
import { Histogram } from "./Histogram";
import { RecordList } from "./RecordList";
import { Summary } from "./Summary";
import { choose, chosen } from "./selection";
import { useCounts } from "./useCounts";
import { useFeed } from "./useFeed";
import "./live.css";

export function LivePage() {
  const q = param("q");
  const listed = param("cols");
  const columns = useMemo(() => columnsOf(listed), [listed]);
  const [paused, setPaused] = useState(false);
  const [atTop, setAtTop] = useState(true);
  const selection = chosen();
  // Whoever reads a record, or has scrolled to one, finds it where it was.
  const feed = useFeed({ q, range: range.value, columns }, paused || !atTop || selection !== undefined);
  const counts = useCounts(q, feed);
  const problem = feed.problem.value;
  const moving = range.value.kind === "relative";
  useSearchProblem(problem);
  // Another question begins at its top.
  useEffect(() => setAtTop(true), [q, range.value, project.value]);
  useKeys("Live", [{ keys: "Space", words: "Pause or go on", act: () => moving && setPaused(!paused) }]);
  useBar(
    moving ? (
      <button
        type="button"
        class="button live-pause"
        aria-pressed={paused}
        aria-label={paused ? "Go on" : "Pause"}
        onClick={() => setPaused(!paused)}
        title="Space"
      >
        <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" fill="currentColor">
          <path d={paused ? "M2 1l9 5-9 5z" : "M2 1h3v10H2zM7 1h3v10H7z"} />
        </svg>
        <span class="live-word">{paused ? "Go on" : "Pause"}</span>
      </button>
    ) : (
      <button type="button" class="button" onClick={() => chooseRange(DEFAULT_RANGE)}>
        Live
      </button>
    ),
  );
  return (
    <div class="live">
      <div class="live-main">
        <h1 class="unseen">Live</h1>
        <Histogram data={counts.histogram.data} waiting={counts.stale} />
        <Summary counts={counts.histogram} feed={feed} paused={paused} columns={columns} />
        <Facets facets={counts.facets.data?.facets} waiting={counts.stale} />
        <RecordList
          feed={feed}
          q={q}
          columns={columns}
          paused={paused}
          setAtTop={setAtTop}
          goOn={() => setPaused(false)}
        />
      </div>
      {selection && (
        <Drawer title="Details of the record" close={() => choose(undefined)}>
          <RecordDetails
            {...selection}
            onFilter={({ term, out }: Filter) => set({ q: withTerm(q, term, out) })}
            onColumn={(name) => set({ cols: withColumn(columns, name) })}
          />
        </Drawer>
      )}
    </div>
  );
}
