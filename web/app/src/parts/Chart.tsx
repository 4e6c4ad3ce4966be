/** A chart over time: uPlot, fetched when the first one is shown, in the colours of the theme, with a legend that tells the values under the pointer. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { hourMinute, moment } from "../format/moment";
import { preferences } from "../state/preferences";
import "./chart.css";

export interface Series {
  name: string;
  values: (number | null)[];
  /** A custom property of tokens.css: `--hue-3`. */
  color: string;
  kind?: "line" | "bars" | "area";
  dash?: number[];
}

interface Props {
  /** Seconds since the epoch, ascending. */
  times: number[];
  series: Series[];
  format: (value: number) => string;
  height?: number;
  label: string;
  stacked?: boolean;
  /** A logarithmic scale; what is not above zero has no place on it. */
  log?: boolean;
  /** Series that are not drawn at the moment, and what a click on one in the legend does. */
  hidden?: ReadonlySet<string> | undefined;
  toggle?: ((name: string) => void) | undefined;
  /** Dragging over a part chooses it: seconds since the epoch. */
  onSelect?: (since: number, until: number) => void;
}

export function Chart({
  times,
  series,
  format,
  height = 160,
  label,
  stacked = false,
  log = false,
  hidden,
  toggle,
  onSelect,
}: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const select = useRef(onSelect);
  select.current = onSelect;
  const [library, setLibrary] = useState<typeof uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  useEffect(() => {
    let gone = false;
    import("uplot").then((module) => {
      if (!gone) setLibrary(() => module.default);
    });
    return () => {
      gone = true;
    };
  }, []);
  const seen = hidden ? series.filter((each) => !hidden.has(each.name)) : series;
  // Stacked, the highest is drawn first, and those below it before it.
  const drawn = stacked ? [...seen].reverse() : seen;
  const shape = JSON.stringify([drawn.map((each) => [each.name, each.color, each.kind]), stacked, log]);
  const heights = stacked ? stack(seen).reverse() : drawn.map((each) => (log ? each.values.map(above) : each.values));
  const theme = `${preferences.value.theme} ${preferences.value.zone}`;
  useLayoutEffect(() => {
    const element = place.current;
    if (!library || !element) return;
    const style = getComputedStyle(element);
    const ink = resolved(element, style.getPropertyValue("--ink-3"));
    const hair = resolved(element, style.getPropertyValue("--hair"));
    const axis = {
      stroke: ink,
      grid: { stroke: hair, width: 1 },
      ticks: { stroke: hair, width: 1, size: 4 },
      font: `11px ${style.getPropertyValue("--font")}`,
    };
    const made = new library(
      {
        width: element.clientWidth || 400,
        height,
        legend: { show: false },
        padding: [8, 8, 0, 0],
        cursor: { drag: { x: Boolean(select.current), y: false, setScale: false }, points: { size: 5 } },
        scales: {
          x: { time: true },
          y: log
            ? { distr: 3 }
            : { range: (_, low, high) => [low < 0 ? low * 1.08 : 0, high > 0 ? high * 1.08 : low < 0 ? 0 : 1] },
        },
        axes: [
          { ...axis, space: 64, size: 24, values: (_, splits) => labels(splits) },
          {
            ...axis,
            size: 56,
            space: 28,
            values: (_, splits) => splits.map((value) => (value === null ? "" : format(value))),
          },
        ],
        series: [
          {},
          ...drawn.map((each) => {
            const color = resolved(element, style.getPropertyValue(each.color));
            return {
              label: each.name,
              stroke: color,
              width: each.kind === "bars" ? 0 : 1.5,
              points: { show: false, size: 4, fill: color, filter: alone },
              spanGaps: false,
              ...(each.dash ? { dash: each.dash } : {}),
              ...(each.kind === "bars"
                ? {
                    fill: color,
                    paths: library.paths.bars?.({ size: [0.9, 100], align: 1 }) as uPlot.Series.PathBuilder,
                  }
                : {}),
              ...(each.kind === "area" ? { fill: stacked ? color : faint(color) } : {}),
            };
          }),
        ],
        hooks: {
          setCursor: [(chart) => setAt(chart.cursor.idx ?? null)],
          setSelect: [
            (chart) => {
              if (chart.select.width < 4) return;
              select.current?.(
                chart.posToVal(chart.select.left, "x"),
                chart.posToVal(chart.select.left + chart.select.width, "x"),
              );
              chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      [times, ...heights] as uPlot.AlignedData,
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [library, shape, height, theme]);
  useEffect(() => {
    plot.current?.setData([times, ...heights] as uPlot.AlignedData);
  }, [times, series, hidden]);
  const last = at ?? null;
  return (
    <figure class="chart" aria-label={label}>
      <div ref={place} class="chart-place" style={{ height: `${height}px` }} role="img" aria-label={label} />
      <figcaption class="chart-legend row small">
        <span class="quiet-text chart-time">
          {last !== null && times[last] !== undefined ? moment((times[last] ?? 0) * 1000) : ""}
        </span>
        {series.map((each) => {
          const value = last === null ? null : each.values[last];
          const entry = (
            <>
              <span
                class={each.dash ? "chart-key dashed" : "chart-key"}
                style={{ "--key": `var(${each.color})` }}
                aria-hidden="true"
              />
              {each.name}
              {value !== null && value !== undefined && <b class="number"> {format(value)}</b>}
            </>
          );
          return toggle ? (
            <button
              key={each.name}
              type="button"
              class="chart-entry chart-toggle"
              aria-pressed={!hidden?.has(each.name)}
              title={hidden?.has(each.name) ? "Show" : "Hide"}
              onClick={() => toggle(each.name)}
            >
              {entry}
            </button>
          ) : (
            <span key={each.name} class="chart-entry">
              {entry}
            </span>
          );
        })}
      </figcaption>
    </figure>
  );
}

/** Each series on top of those before. */
function stack(series: Series[]): (number | null)[][] {
  const sums: number[] = [];
  return series.map((each) =>
    each.values.map((value, index) => {
      sums[index] = (sums[index] ?? 0) + (value ?? 0);
      return sums[index] ?? 0;
    }),
  );
}

/** Values between two gaps: a line of one point would not be seen. */
function alone(chart: uPlot, index: number): number[] | null {
  const values = chart.data[index] ?? [];
  const found: number[] = [];
  for (let at = 0; at < values.length; at += 1) {
    if (isValue(values[at]) && !isValue(values[at - 1]) && !isValue(values[at + 1])) found.push(at);
  }
  return found.length ? found : null;
}

function isValue(value: number | null | undefined): boolean {
  return value !== null && value !== undefined;
}

function above(value: number | null): number | null {
  return value !== null && value > 0 ? value : null;
}

/** An area that lets others be seen through it. */
function faint(color: string): string {
  return color.replace(/^rgb\((.*)\)$/, "rgba($1, 0.2)");
}

function labels(splits: number[]): string[] {
  const span = (splits.at(-1) ?? 0) - (splits[0] ?? 0);
  return splits.map((at) => (span > 2 * 86_400 ? moment(at * 1000).slice(5, 10) : hourMinute(at * 1000)));
}

/** A canvas knows no custom properties and no light-dark(). */
function resolved(element: HTMLElement, color: string): string {
  const probe = document.createElement("span");
  probe.style.color = color;
  element.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
