/** The result: chart and table, or one of them, or the plan; how much it is, and how to take it along. */
import { useEffect, useRef, useState } from "preact/hooks";
import { duration } from "../format/duration";
import { exact } from "../format/number";
import { Nothing } from "../parts/Panel";
import { Tabs } from "../parts/Tabs";
import { param, set } from "../state/address";
import { ChartChoices } from "./ChartChoices";
import { fitted, readSpec } from "./guess";
import { Picture } from "./Picture";
import { Plan } from "./Plan";
import { type Opened, ResultGrid } from "./ResultGrid";
import { isTruncated, type Result } from "./result";
import type { Asked } from "./running";
import { TakeAlong } from "./TakeAlong";
import { ownTime } from "./timing";

interface Props {
  result: Result;
  of: Asked;
  /** The answer to an earlier question than the last one. */
  old: boolean;
  busy: boolean;
  open: (opened: Opened) => void;
}

export function ResultPanel({ result, of, old, busy, open }: Props) {
  const chosen = param("view");
  const spec = fitted(readSpec(param("chart")), result);
  const tabs = [
    ...(spec ? [{ id: "both", words: "Chart and table" }] : []),
    { id: "table", words: "Table" },
    ...(spec ? [{ id: "chart", words: "Chart" }] : []),
    { id: "plan", words: "Plan" },
  ];
  const view = tabs.some((tab) => tab.id === chosen) ? chosen : (tabs[0]?.id ?? "table");
  const drawsChart = spec && (view === "both" || view === "chart") && result.rows.length > 0;
  return (
    <section class={old ? "explore-result old" : "explore-result"} aria-label="Result" aria-busy={busy}>
      <div class="explore-head row">
        <Tabs
          label="How to show the result"
          tabs={tabs}
          chosen={view}
          choose={(id) => set({ view: id === tabs[0]?.id ? null : id }, { replace: true })}
        />
        <Amount result={result} part={of.part !== undefined} />
        <TakeAlong question={of.question} />
      </div>
      {view === "plan" ? (
        <Plan question={of.question} />
      ) : !result.rows.length ? (
        <Nothing title="No rows">
          <p class="second-text">
            {ownTime(of.question.sql)
              ? "Nothing meets the query's conditions."
              : "Nothing in the time range meets the query's conditions. A longer range may have some."}
          </p>
        </Nothing>
      ) : (
        <>
          {drawsChart && <ChartChoices spec={spec} result={result} />}
          <div class={drawsChart && view === "both" ? "explore-both" : "explore-one"}>
            {drawsChart && (
              <Drawn>{(height) => <Picture result={result} spec={spec} sql={of.question.sql} height={height} />}</Drawn>
            )}
            {view !== "chart" && <ResultGrid result={result} open={open} />}
          </div>
        </>
      )}
    </section>
  );
}

function Amount({ result, part }: { result: Result; part: boolean }) {
  const rows = `${exact(result.rows.length)} ${result.rows.length === 1 ? "row" : "rows"}`;
  const cut = isTruncated(result);
  return (
    <span class="spread cut small second-text explore-amount" role="status">
      {part ? "Of the selection: " : ""}
      {cut ? (
        <span class="level-warn">
          <span aria-hidden="true">▲ </span>Cut at the limit of {exact(result.limit)} rows: there may be more
        </span>
      ) : (
        rows
      )}
      <span class="quiet-text"> · {duration(result.took)}</span>
    </span>
  );
}

const LEAST = 180;
const LEGEND = 72;

/** The room of the chart, told to who draws in it. */
function Drawn({ children }: { children: (height: number) => preact.ComponentChildren }) {
  const place = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(LEAST);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setHeight(Math.max(LEAST, Math.min(420, element.clientHeight - LEGEND))));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return (
    <div class="explore-chart" ref={place}>
      {children(height)}
    </div>
  );
}
