/** Above the editor: run or cancel, lay the SQL out, which time applies; examples, tables, history, the link. */
import type { Signal } from "@preact/signals";
import { Copy } from "../parts/Copy";
import { linkWith, param, set } from "../state/address";
import { timeWords } from "./asking";

interface Props {
  typed: Signal<string>;
  running: boolean;
  run: () => void;
  cancel: () => void;
  format: () => void;
}

export const SIDES = [
  { id: "examples", words: "Examples" },
  { id: "tables", words: "Tables" },
  { id: "history", words: "History" },
];
const LONGEST_LINK = 6000;

export function Toolbar({ typed, running, run, cancel, format }: Props) {
  const side = param("side");
  return (
    <div class="explore-toolbar row">
      {running ? (
        <button type="button" class="button explore-run" title="Esc" onClick={cancel}>
          Cancel
        </button>
      ) : (
        <button
          type="button"
          class="button primary explore-run"
          title="Ctrl+Enter; runs what is selected, if something is"
          onClick={run}
        >
          Run
        </button>
      )}
      <button type="button" class="button" title="Keywords in capitals, a clause a line" onClick={format}>
        Format
      </button>
      <TimeNote typed={typed} />
      <span class="row explore-sides">
        {SIDES.map((each) => (
          <button
            key={each.id}
            type="button"
            class="button quiet"
            aria-pressed={side === each.id}
            onClick={() => set({ side: side === each.id ? null : each.id }, { replace: true })}
          >
            {each.words}
          </button>
        ))}
        <Share typed={typed} />
      </span>
    </div>
  );
}

function TimeNote({ typed }: { typed: Signal<string> }) {
  const words = timeWords(typed.value);
  return (
    <span
      class="spread cut quiet-text small explore-time"
      title={`${words}. A condition on start_timestamp or recorded_timestamp in the query takes the place of the range.`}
    >
      {words}
    </span>
  );
}

/** The link holds what is written, run or not. */
function Share({ typed }: { typed: Signal<string> }) {
  const href = linkWith({ sql: typed.value, side: null });
  const long = href.length > LONGEST_LINK;
  return (
    <span
      class={long ? "row explore-long" : "row"}
      title={
        long ? `The link has ${href.length} characters; some programs cut links after ${LONGEST_LINK}.` : undefined
      }
    >
      <Copy
        class="button quiet"
        words={long ? "Copy link (long)" : "Copy link"}
        text={() => linkWith({ sql: typed.value, side: null })}
      />
    </span>
  );
}
