/** The names of the list's columns; those that the reader added can be taken away again. */
import { set } from "../state/address";
import { columnWords, withoutColumn } from "./columns";

export function Head({ columns }: { columns: string[] }) {
  function remove(column: string) {
    set({ cols: withoutColumn(columns, column) });
  }
  return (
    <div role="rowgroup" class="line-heads">
      <div role="row" class="line line-head small" aria-rowindex={1}>
        <span role="columnheader" class="line-time">
          Time
        </span>
        <span role="columnheader" class="line-service">
          Service
        </span>
        <span role="columnheader" class="line-level">
          <span class="unseen">Level</span>
        </span>
        <span role="columnheader">Message</span>
        {columns.map((column) => (
          <span key={column} role="columnheader" class="line-extra" title={column}>
            <button
              type="button"
              class="line-remove"
              aria-label={`Take the column ${column} away`}
              onClick={() => remove(column)}
            >
              ✕
            </button>
            {columnWords(column)}
          </span>
        ))}
        <span role="columnheader" class="line-status">
          <span class="unseen">Status</span>
        </span>
        <span role="columnheader" class="line-duration">
          Duration
        </span>
      </div>
    </div>
  );
}
