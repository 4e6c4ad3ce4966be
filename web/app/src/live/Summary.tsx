/** One line on what was found, whether it is live, and where else it can be taken: SQL, more columns. */
import type { HistogramAnswer } from "../api/types";
import type { Answered } from "../api/useAnswer";
import { exact } from "../format/number";
import { link, param } from "../state/address";
import { AlsoAs } from "./AlsoAs";
import { Columns } from "./Columns";
import type { Feed } from "./feed";

const STATES: Record<string, string> = {
  live: "live",
  connecting: "connecting",
  waiting: "trying to reach the server",
  asleep: "asleep",
  still: "",
};

interface Props {
  counts: Answered<HistogramAnswer>;
  feed: Feed;
  paused: boolean;
  columns: string[];
}

export function Summary({ counts, feed, paused, columns }: Props) {
  const state = feed.state.value;
  const sql = feed.sql.value;
  const missed = feed.missed.value;
  const live = state === "live" && !paused;
  return (
    <div class="live-summary small row">
      <Found counts={counts} />
      <AlsoAs />
      {missed > 0 && (
        <span class="second-text live-missed">
          {exact(missed)} came too fast to be listed.{" "}
          <button type="button" class="link" onClick={() => void feed.load()}>
            Search again
          </button>
        </span>
      )}
      <span class="spread" />
      <span class={live ? "live-state on" : "live-state quiet-text"} role="status">
        {paused && state !== "still" ? "paused" : STATES[state]}
      </span>
      <Columns columns={columns} />
      <a
        href={link("traces", { q: param("q") || null, from: param("from") || null, to: param("to") || null })}
        title="The whole traces in which these records happened"
      >
        Their traces
      </a>
      {sql && <a href={link("explore", { sql, from: param("from") || null, to: param("to") || null })}>Open as SQL</a>}
    </div>
  );
}

function Found({ counts: { data, problem } }: { counts: Answered<HistogramAnswer> }) {
  if (!data) return <span class="quiet-text">{problem ? "Not counted" : "Counting …"}</span>;
  return (
    <span class="second-text" title={`counted in ${Math.round(data.took * 1000)} ms`}>
      {exact(data.total)} {data.total === 1 ? "record" : "records"}
      {data.errors > 0 && (
        <span class="level-error">
          {" "}
          · <span aria-hidden="true">✕ </span>
          {exact(data.errors)} {data.errors === 1 ? "error" : "errors"}
        </span>
      )}
    </span>
  );
}
