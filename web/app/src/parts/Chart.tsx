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
  /** Dragging over a part chooses it: seconds since the epoch. */
  onSelect?: (since: number, until: number) => void;
}

export function Chart({ times, series, format, height = 160, label, stacked = false, onSelect }: Props) {
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
  const shape = JSON.stringify(series.map((each) => [each.name, each.color, each.kind]));
  const heights = stacked ? stack(series) : series.map((each) => each.values);
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
        scales: { x: { time: true }, y: { range: (_, _low, high) => [0, high > 0 ? high * 1.08 : 1] } },
        axes: [
          { ...axis, space: 64, size: 24, values: (_, splits) => labels(splits) },
          { ...axis, size: 56, space: 28, values: (_, splits) => splits.map((value) => format(value)) },
        ],
        series: [
          {},
          ...series.map((each) => {
            const color = resolved(element, style.getPropertyValue(each.color));
            return {
              label: each.name,
              stroke: color,
              width: each.kind === "bars" ? 0 : 1.5,
              points: { show: false },
              spanGaps: false,
              ...(each.dash ? { dash: each.dash } : {}),
              ...(each.kind === "bars"
                ? {
                    fill: color,
                    paths: library.paths.bars?.({ size: [0.9, 100], align: 1 }) as uPlot.Series.PathBuilder,
                  }
                : {}),
              ...(each.kind === "area" ? { fill: color } : {}),
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
  }, [times, series]);
  const last = at ?? null;
  return (
    <figure class="chart" aria-label={label}>
      <div ref={place} class="chart-place" style={{ height: `${height}px` }} role="img" aria-label={label} />
      <figcaption class="chart-legend row small">
        <span class="quiet-text chart-time">
          {last !== null && times[last] !== undefined ? moment((times[last] ?? 0) * 1000) : ""}
        </span>
        {series.map((each) => (
          <span key={each.name} class="chart-entry">
            <span class="chart-key" style={{ background: `var(${each.color})` }} aria-hidden="true" />
            {each.name}
            {last !== null && each.values[last] !== null && each.values[last] !== undefined && (
              <b class="number"> {format(each.values[last] ?? 0)}</b>
            )}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

/** Each series on top of those before, drawn from the back. */
function stack(series: Series[]): (number | null)[][] {
  const sums: number[] = [];
  return series.map((each) =>
    each.values.map((value, index) => {
      sums[index] = (sums[index] ?? 0) + (value ?? 0);
      return sums[index] ?? 0;
    }),
  );
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
