/** The queries of this browser, the latest first: searched, and run again by a click. */
import { useState } from "preact/hooks";
import { duration } from "../format/duration";
import { ago, moment } from "../format/moment";
import { exact } from "../format/number";
import { forget, found, type Past, past } from "./past";

export function PastList({ take }: { take: (sql: string) => void }) {
  const [search, setSearch] = useState("");
  const list = found(past.value, search);
  if (!past.value.length)
    return <p class="second-text">Queries that you run are listed here, in this browser alone.</p>;
  return (
    <div class="past">
      <div class="row">
        <input
          class="field gallery-search"
          type="search"
          aria-label="Search the history"
          placeholder="Search the history"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <button type="button" class="button quiet" onClick={forget}>
          Forget all
        </button>
      </div>
      {!list.length && <p class="quiet-text">No query has these words.</p>}
      <ul>
        {list.map((each) => (
          <li key={each.sql}>
            <button type="button" class="gallery-one" title={each.sql} onClick={() => take(each.sql)}>
              <code class="past-sql">{each.sql}</code>
              <span class="small second-text">
                <span title={moment(each.at)}>{ago(each.at)}</span> · {outcome(each)}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function outcome(each: Past) {
  if (each.outcome === "failed") return <span class="level-error">✕ {each.detail}</span>;
  if (each.outcome === "cancelled") return `cancelled after ${duration(each.took)}`;
  return `${exact(each.rows ?? 0)} ${each.rows === 1 ? "row" : "rows"} in ${duration(each.took)}`;
}
