/** Lines, areas or columns over time. Dragging over a part makes it the range of the page. */
import { useMemo } from "preact/hooks";
import { Chart, type Series as Drawn } from "../parts/Chart";
import { chooseBetween } from "../state/range";
import type { ChartSpec } from "./guess";
import type { Picture } from "./pivot";
import type { Format } from "./units";

interface Props {
  picture: Picture;
  spec: ChartSpec;
  format: Format;
  height: number;
  hidden: ReadonlySet<string>;
  toggle: (name: string) => void;
}

export function TimeChart({ picture, spec, format, height, hidden, toggle }: Props) {
  const { times, series } = useMemo(() => drawable(picture, spec), [picture, spec.type, spec.stacked]);
  return (
    <Chart
      times={times}
      series={series}
      format={format}
      height={height}
      label={`${spec.y.join(", ")} over ${spec.x}`}
      stacked={spec.stacked && spec.type !== "line"}
      log={spec.log}
      hidden={hidden}
      toggle={toggle}
      onSelect={(since, until) => chooseBetween(since * 1000, until * 1000)}
    />
  );
}

export function drawable(picture: Picture, spec: ChartSpec): { times: number[]; series: Drawn[] } {
  const kept = picture.x
    .map((_, index) => index)
    .filter((index) => !Number.isNaN(Date.parse(String(picture.x[index]))));
  const kind = spec.type === "area" ? "area" : spec.type === "columns" ? "bars" : "line";
  return {
    times: kept.map((index) => Date.parse(String(picture.x[index])) / 1000),
    series: picture.series.map(({ name, values, color }) => ({
      name,
      color,
      kind,
      values: kept.map((index) => values[index] ?? null),
    })),
  };
}
