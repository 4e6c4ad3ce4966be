/** The time range of the page: a few usual ones, any other in words (`90s`, `3h`), or two moments. */
import { useState } from "preact/hooks";
import { durationOf } from "../format/duration";
import { moment } from "../format/moment";
import { Menu } from "../parts/Menu";
import { preferences } from "../state/preferences";
import { bounds, choose, chooseBetween, PRESETS, range, rangeWords } from "../state/range";
import { useKeys } from "./keys";
import "./range.css";

export function RangeMenu() {
  const [opened, setOpened] = useState(0);
  useKeys("Everywhere", [{ keys: "t", words: "Choose the time range", act: () => setOpened((n) => n + 1) }]);
  return (
    <Menu
      class="button"
      side="right"
      opened={opened}
      name={`Time range: ${rangeWords(range.value, moment)}`}
      label={
        <>
          {rangeWords(range.value, short)} <span aria-hidden="true">▾</span>
        </>
      }
    >
      {(close) => <Choices close={close} />}
    </Menu>
  );
}

/** Two moments have to fit into a button. */
function short(iso: string): string {
  return moment(iso).slice(5, 16);
}

function Choices({ close }: { close: () => void }) {
  const [text, setText] = useState("");
  const wrong = text !== "" && !(durationOf(text) ?? 0);
  const now = bounds(range.value);
  const [since, setSince] = useState(field(now.since));
  const [until, setUntil] = useState(field(now.until ?? new Date().toISOString()));
  return (
    <div class="range">
      <form
        class="range-own"
        onSubmit={(event) => {
          event.preventDefault();
          if (!text || wrong) return;
          choose(text.replace(/\s+/g, ""));
          close();
        }}
      >
        <label class="labelled">
          Last
          <input
            class="field"
            placeholder="90s, 3h, 2d"
            value={text}
            aria-invalid={wrong}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        {wrong && <p class="small level-error">Write a number with s, m, h or d, as in 90s or 3h.</p>}
      </form>
      {PRESETS.map((preset) => (
        <button
          key={preset.text}
          type="button"
          class="menu-item"
          aria-current={range.value.kind === "relative" && range.value.text === preset.text}
          onClick={() => {
            choose(preset.text);
            close();
          }}
        >
          {preset.words}
        </button>
      ))}
      <form
        class="range-own"
        onSubmit={(event) => {
          event.preventDefault();
          const [from, to] = [read(since), read(until)];
          if (Number.isNaN(from) || Number.isNaN(to)) return;
          chooseBetween(Math.min(from, to), Math.max(from, to));
          close();
        }}
      >
        <label class="labelled">
          From ({preferences.value.zone === "utc" ? "UTC" : "your time"})
          <input
            class="field"
            type="datetime-local"
            step="1"
            value={since}
            onInput={(event) => setSince(event.currentTarget.value)}
          />
        </label>
        <label class="labelled">
          To
          <input
            class="field"
            type="datetime-local"
            step="1"
            value={until}
            onInput={(event) => setUntil(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button">
          Show
        </button>
      </form>
    </div>
  );
}

function field(iso: string): string {
  return moment(iso).replace(" ", "T");
}

function read(value: string): number {
  return Date.parse(preferences.value.zone === "utc" ? `${value}Z` : value);
}
