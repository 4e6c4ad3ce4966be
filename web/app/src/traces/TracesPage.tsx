/** The page "Traces": those with a record that the search finds, as points and as a list; two of them can be compared. */
import { useMemo, useRef, useState } from "preact/hooks";
import { ask, endpoint, project } from "../api/client";
import type { TraceSort, TraceSummary, TracesAnswer } from "../api/traces";
import { useAnswer } from "../api/useAnswer";
import { duration, durationOf } from "../format/duration";
import { useKeys } from "../frame/keys";
import { Failed, Loading, Nothing, Stale } from "../parts/Panel";
import { Tabs } from "../parts/Tabs";
import { VirtualRows } from "../parts/VirtualRows";
import { useSearchProblem } from "../search/problem";
import { go, link, linkWith, param, set } from "../state/address";
import { bounds, range, span } from "../state/range";
import { DurationField } from "./DurationField";
import { Scatter } from "./Scatter";
import { ROW, scaleOf, TraceLine } from "./TraceLine";
import "./traces.css";

const SORTS: { id: TraceSort; words: string }[] = [
  { id: "newest", words: "Newest" },
  { id: "slowest", words: "Slowest" },
  { id: "errors", words: "Most errors" },
  { id: "largest", words: "Largest" },
];
const FIRST = 200;
const MOST = 500;

export function TracesPage() {
  const q = param("q");
  const sort = SORTS.find((each) => each.id === param("sort"))?.id ?? "newest";
  const [limit, setLimit] = useState(FIRST);
  const [round, setRound] = useState(0);
  const [least, most] = [durationOf(param("min")), durationOf(param("max"))];
  const place = range.value;
  const key = JSON.stringify([q, sort, param("from"), param("to"), least, most, limit, round, project.value]);
  const asked = useRef<[number, number]>(span(place));
  const { data, problem, loading, again } = useAnswer(key, (abort) => {
    asked.current = span(place);
    return ask<TracesAnswer>(endpoint("pages/api/traces"), {
      body: { q, ...bounds(place), sort, limit, min_duration: least ?? null, max_duration: most ?? null },
      abort,
    });
  });
  useSearchProblem(loading ? undefined : problem);
  const traces = data?.traces ?? [];
  const [at, setAt] = useState(-1);
  const [picked, setPicked] = useState<TraceSummary[]>([]);
  const scale = useMemo(() => scaleOf(traces), [data]);
  const chosen = traces[at];
  const open = (trace: TraceSummary) => go(link(`trace/${trace.trace_id}`));
  const step = (by: number) => setAt((now) => Math.min(Math.max(now + by, 0), traces.length - 1));
  function pick(trace: TraceSummary) {
    const others = picked.filter((each) => each.trace_id !== trace.trace_id);
    // The third takes the place of the first.
    setPicked(others.length < picked.length ? others : [...others, trace].slice(-2));
  }
  const [one, two] = picked;
  const comparison = one && two ? link(`trace/${one.trace_id}`, { view: "compare", with: two.trace_id }) : null;
  useKeys("Traces", [
    { keys: "j ArrowDown", words: "Next trace", act: () => step(1) },
    { keys: "k ArrowUp", words: "Trace before", act: () => step(-1) },
    { keys: "Enter", words: "Open the trace", act: () => chosen && open(chosen) },
    { keys: "x", words: "Choose for a comparison", act: () => chosen && pick(chosen) },
    { keys: "c", words: "Compare the two that are chosen", act: () => comparison && go(comparison) },
    {
      keys: "s",
      words: "Next order",
      act: () => set({ sort: SORTS[(SORTS.findIndex((each) => each.id === sort) + 1) % SORTS.length]?.id ?? null }),
    },
    { keys: "r", words: "Look again", act: () => setRound((n) => n + 1) },
    {
      keys: "Escape",
      words: "Choose none",
      act: () => {
        setPicked([]);
        setAt(-1);
      },
    },
  ]);
  return (
    <div class="traces">
      <div class="traces-tools row">
        <Tabs label="Order" tabs={SORTS} chosen={sort} choose={(id) => set({ sort: id === "newest" ? null : id })} />
        <div class="row traces-durations">
          <DurationField name="min" words="From" />
          <DurationField name="max" words="to" />
        </div>
        <span class="small quiet-text number traces-count" role="status">
          {data &&
            !loading &&
            `${data.more ? "the first " : ""}${traces.length} ${traces.length === 1 ? "trace" : "traces"}`}
          {loading && data && "Looking …"}
        </span>
        <span class="row traces-end">
          {picked.length > 0 && (
            <a
              class={comparison ? "button small primary" : "button small"}
              href={comparison ?? linkWith({})}
              aria-disabled={!comparison}
            >
              {comparison ? "Compare the two" : "Choose one more"}
            </a>
          )}
          {data && (
            <a
              class="button small quiet traces-sql"
              href={link("explore", { sql: data.sql, from: param("from"), to: param("to") })}
            >
              Open as SQL
            </a>
          )}
          <button
            type="button"
            class="button small quiet"
            onClick={() => setRound((n) => n + 1)}
            title="Look again (r)"
          >
            Look again
          </button>
        </span>
      </div>
      {problem && data && <Stale problem={problem} again={again} />}
      {traces.length > 0 && (
        <>
          <Scatter
            traces={traces}
            // Of more than the newest, nothing is known of the time before.
            since={
              data?.more && sort === "newest"
                ? Math.min(...traces.map((trace) => Date.parse(trace.start)))
                : asked.current[0]
            }
            until={asked.current[1]}
            open={open}
            marked={chosen}
            choose={(times, durations) =>
              set({
                ...(times
                  ? {
                      from: new Date(Math.floor(times[0])).toISOString(),
                      to: new Date(Math.ceil(times[1])).toISOString(),
                    }
                  : {}),
                ...(durations ? { min: short(durations[0], Math.floor), max: short(durations[1], Math.ceil) } : {}),
              })
            }
          />
          <div class="trace-line traces-head small quiet-text" aria-hidden="true">
            <span class="trace-pick" />
            <span class="trace-time">Started</span>
            <span class="trace-root">Root</span>
            <span class="trace-took">Duration</span>
            <span class="trace-size">Spans</span>
            <span class="trace-dots">Services</span>
            <span class="trace-wrong">Errors</span>
          </div>
          <VirtualRows
            label={`Traces, ${sort} first`}
            count={traces.length}
            height={ROW}
            selected={at}
            row={(index) => {
              const trace = traces[index] as TraceSummary;
              return (
                <TraceLine
                  key={trace.trace_id}
                  trace={trace}
                  scale={scale}
                  chosen={index === at}
                  picked={picked.some((each) => each.trace_id === trace.trace_id)}
                  pick={() => pick(trace)}
                />
              );
            }}
          />
          {data?.more && (
            <p class="traces-more small second-text">
              There are more. Narrow the range or the search{limit < MOST ? ", or " : "."}
              {limit < MOST && (
                <button type="button" class="link" onClick={() => setLimit(MOST)}>
                  show up to {MOST}
                </button>
              )}
            </p>
          )}
        </>
      )}
      {!data && loading && <Loading words="Looking for traces" />}
      {!data && problem && <Failed problem={problem} again={problem.status === 400 ? undefined : again} />}
      {data && !traces.length && !loading && (
        <NoTraces filtered={Boolean(q || least !== undefined || most !== undefined)} />
      )}
      {data && !traces.length && loading && <Loading words="Looking for traces" />}
    </div>
  );
}

/** A duration that the field reads again, rounded so that nothing chosen is lost. */
function short(seconds: number, round: (value: number) => number): string {
  const digits = 10 ** (Math.floor(Math.log10(seconds)) - 1);
  const value = Number((round(seconds / digits) * digits).toPrecision(2));
  return duration(value).replace(/\s+/g, "");
}

function NoTraces({ filtered }: { filtered: boolean }) {
  if (filtered) {
    return (
      <Nothing title="No trace matches">
        <p class="second-text">
          A trace is listed if one of its records is found by the search, within the time range and the durations.
        </p>
        <div class="row">
          <a class="button" href={linkWith({ q: null, min: null, max: null })}>
            Show all traces
          </a>
          <a class="button" href={linkWith({ from: "1d", to: null })}>
            Look at the last day
          </a>
        </div>
      </Nothing>
    );
  }
  return (
    <Nothing title="No traces in this time">
      <p class="second-text">
        A trace appears as soon as its first span has been received. Send some with Logfire or any OpenTelemetry SDK to
        this address.
      </p>
      <a class="button" href={linkWith({ from: "1d", to: null })}>
        Look at the last day
      </a>
    </Nothing>
  );
}
