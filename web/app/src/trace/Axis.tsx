/** The time above the bars: ticks in readable units, and the gaps in which no span ran. */
import { placeOf, type Tick, type Window } from "./axis";
import type { Gap } from "./stats";
import { exactLong, long } from "./words";

/** Narrower gaps are no news. */
const SEEN = 0.004;
/** Pixels that the length of a gap needs. */
const NAMED = 60;

export function Axis({ window, ticks, gaps }: { window: Window; ticks: Tick[]; gaps: Gap[] }) {
  return (
    <div class="axis">
      {gapsIn(window, gaps).map(({ gap, left, width }) => (
        <span
          key={gap.from}
          class="axis-gap"
          style={{ left: `${left * 100}%`, width: `${width * 100}%` }}
          title={`${exactLong(gap.to - gap.from)} outside any span`}
        />
      ))}
      {ticks.map((tick) => {
        const at = placeOf(tick.at, window);
        return (
          <span
            key={tick.at}
            class={at > 0.94 ? "axis-tick last number" : "axis-tick number"}
            style={{ left: `${at * 100}%` }}
          >
            {tick.words}
          </span>
        );
      })}
    </div>
  );
}

/** What is drawn behind the rows: the ticks as hairlines, the gaps as bands with their lengths; there are no bars in the way. */
export function Backdrop({ window, ticks, gaps, wide }: { window: Window; ticks: Tick[]; gaps: Gap[]; wide: number }) {
  return (
    <div class="backdrop" aria-hidden="true">
      {ticks.map((tick) => (
        <i key={tick.at} class="backdrop-tick" style={{ left: `${placeOf(tick.at, window) * 100}%` }} />
      ))}
      {gapsIn(window, gaps).map(({ gap, left, width }) => (
        <i key={gap.from} class="backdrop-gap small" style={{ left: `${left * 100}%`, width: `${width * 100}%` }}>
          {width * wide > NAMED && <span>{long(gap.to - gap.from)} gap</span>}
        </i>
      ))}
    </div>
  );
}

function gapsIn(window: Window, gaps: Gap[]): { gap: Gap; left: number; width: number }[] {
  return gaps
    .map((gap) => {
      const left = Math.max(0, placeOf(gap.from, window));
      return { gap, left, width: Math.min(1, placeOf(gap.to, window)) - left };
    })
    .filter(({ width }) => width > SEEN);
}
