/** The chart of a result, as it was chosen or guessed, with a legend that hides and shows, and the same numbers for who cannot see it. */
import { useMemo, useState } from "preact/hooks";
import { moment } from "../format/moment";
import { BarChart } from "./BarChart";
import { isMoment } from "./cells";
import type { ChartSpec } from "./guess";
import { HeatChart } from "./HeatChart";
import { PieChart } from "./PieChart";
import { label, type Picture as Numbers, pivoted } from "./pivot";
import type { Result } from "./result";
import { SingleValue } from "./SingleValue";
import { TimeChart } from "./TimeChart";
import { formatOf } from "./units";
import "./charts.css";

const READ_OUT = 200;

export function Picture({
  result,
  spec,
  sql,
  height,
}: {
  result: Result;
  spec: ChartSpec;
  sql: string;
  height: number;
}) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const isTime = result.columns.find((column) => column.name === spec.x)?.sort === "time";
  const picture = useMemo(() => pivoted(result, spec, isTime), [result, spec.x, spec.by, spec.y.join("\n"), isTime]);
  const format = formatOf(spec.y[0] ?? "", sql);
  const formatX = formatOf(spec.x, sql);
  const isNumber = result.columns.find((column) => column.name === spec.x)?.sort === "number";
  const name = (x: string) => (isTime && isMoment(x) ? moment(x) : isNumber && x !== "NULL" ? formatX(Number(x)) : x);
  const toggle = (which: string) =>
    setHidden((before) => {
      const after = new Set(before);
      if (!after.delete(which)) after.add(which);
      return after;
    });
  const seen = { ...picture, series: picture.series.filter((each) => !hidden.has(each.name)) };
  if (spec.type === "single") return <SingleValue result={result} name={spec.y[0] ?? ""} format={format} />;
  if (spec.type === "heat") return <HeatChart result={result} spec={spec} format={format} name={name} />;
  const overTime = isTime && spec.type !== "bar" && spec.type !== "pie";
  const bars = !overTime && spec.type !== "pie";
  return (
    <div class="picture">
      {overTime && (
        <TimeChart picture={picture} spec={spec} format={format} height={height} hidden={hidden} toggle={toggle} />
      )}
      {spec.type === "pie" && <PieChart picture={seen} format={format} name={name} />}
      {bars && (
        <>
          <BarChart
            picture={seen}
            format={format}
            name={name}
            stacked={spec.stacked}
            log={spec.log}
            upright={spec.type !== "bar"}
          />
          <Legend picture={picture} hidden={hidden} toggle={toggle} />
        </>
      )}
      <ReadOut picture={seen} name={name} x={spec.x} />
    </div>
  );
}

function Legend({
  picture,
  hidden,
  toggle,
}: {
  picture: Numbers;
  hidden: ReadonlySet<string>;
  toggle: (name: string) => void;
}) {
  return (
    <div class="legend row small">
      {picture.series.map((each) => (
        <button
          key={each.name}
          type="button"
          class="legend-entry"
          aria-pressed={!hidden.has(each.name)}
          title={hidden.has(each.name) ? "Show" : "Hide"}
          onClick={() => toggle(each.name)}
        >
          <span class="pie-key" style={{ background: `var(${each.color})` }} aria-hidden="true" />
          {each.name}
        </button>
      ))}
    </div>
  );
}

/** What is drawn, as a table for screen readers. */
function ReadOut({ picture, name, x }: { picture: Numbers; name: (x: string) => string; x: string }) {
  return (
    <div class="unseen">
      <table>
        <caption>The chart as a table</caption>
        <thead>
          <tr>
            <th scope="col">{x}</th>
            {picture.series.map((each) => (
              <th key={each.name} scope="col">
                {each.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {picture.x.slice(0, READ_OUT).map((cell, at) => (
            <tr key={label(cell)}>
              <th scope="row">{name(label(cell))}</th>
              {picture.series.map((each) => (
                <td key={each.name}>{each.values[at] ?? "none"}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
