/** Bars for categories: across, a line each with its name, or upright side by side. Several series stand beside or on one another. */
import { label, type Picture, type Series } from "./pivot";
import { share } from "./scale";
import type { Format } from "./units";

interface Props {
  picture: Picture;
  format: Format;
  name: (x: string) => string;
  stacked: boolean;
  log: boolean;
  upright: boolean;
}

const MOST = 60;
/** Names under upright bars that have room beside one another. */
const NAMES = 10;

export function BarChart({ picture, format, name, stacked, log, upright }: Props) {
  const { series } = picture;
  const count = Math.min(MOST, picture.x.length);
  const places = Array.from({ length: count }, (_, index) => index);
  const top = Math.max(
    0,
    ...places.map((at) =>
      stacked
        ? series.reduce((sum, each) => sum + Math.abs(each.values[at] ?? 0), 0)
        : Math.max(0, ...series.map((each) => Math.abs(each.values[at] ?? 0))),
    ),
  );
  const step = upright ? Math.ceil(count / NAMES) : 1;
  return (
    <div class={upright ? "bars upright" : "bars"}>
      {upright && <span class="bars-top quiet-text small">up to {format(top)}</span>}
      {places.map((at) => {
        const words = name(label(picture.x[at] ?? null));
        return (
          <div key={at} class="bars-line">
            <span class={step > 1 ? "bars-name" : "bars-name cut"} title={words}>
              <bdi>{at % step ? "" : words}</bdi>
            </span>
            <div class={stacked ? "bars-track stacked" : "bars-track"}>
              {series.map((each) => (
                <Bar
                  key={each.name}
                  of={each}
                  at={at}
                  top={top}
                  log={log && !stacked}
                  upright={upright}
                  words={words}
                  format={format}
                />
              ))}
            </div>
            {!upright && (
              <span class="bars-value number">
                {series.map((each) => (
                  <span key={each.name}>{(each.values[at] ?? null) === null ? "–" : format(each.values[at] ?? 0)}</span>
                ))}
              </span>
            )}
          </div>
        );
      })}
      {picture.x.length > count && (
        <p class="quiet-text small bars-rest">
          The first {MOST} of {picture.x.length} are drawn; the table has all.
        </p>
      )}
    </div>
  );
}

interface BarProps {
  of: Series;
  at: number;
  top: number;
  log: boolean;
  upright: boolean;
  words: string;
  format: Format;
}

function Bar({ of, at, top, log, upright, words, format }: BarProps) {
  const value = of.values[at] ?? null;
  // Holds the place of its series, and shows nothing.
  if (!value) return <div class="bars-bar none" />;
  const size = `${share(Math.abs(value), top, log) * 100}%`;
  return (
    <div
      class="bars-bar"
      title={`${words} · ${of.name}: ${format(value)} (${value})`}
      style={{ [upright ? "height" : "width"]: size, background: `var(${of.color})` }}
    />
  );
}
