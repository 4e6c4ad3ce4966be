/** One service: rate, errors and durations over time, its operations, its exceptions, and whom it talks to. */
import { useMemo, useState } from "preact/hooks";
import { ask, endpoint } from "../api/client";
import type { Operation, ServiceAnswer } from "../api/services";
import { useAnswer } from "../api/useAnswer";
import { duration, exactDuration } from "../format/duration";
import { ago, exactMoment } from "../format/moment";
import { count, exact, percent, rate } from "../format/number";
import { Chart } from "../parts/Chart";
import { Failed, Loading, Nothing, Stale } from "../parts/Panel";
import { Service } from "../parts/Service";
import { Sparkline } from "../parts/Sparkline";
import { link } from "../state/address";
import { chooseBetween } from "../state/range";
import { Neighbours } from "./Neighbours";
import { quoted, useRange } from "./ServicesTable";

type Column = "count" | "errors" | "p50" | "p95" | "p99" | "total";
const COLUMNS: { id: Column; words: string; title: string }[] = [
  { id: "count", words: "Calls", title: "How often it ran" },
  { id: "errors", words: "Errors", title: "How often it failed" },
  { id: "p50", words: "p50", title: "Half took at most this long" },
  { id: "p95", words: "p95", title: "95 of 100 took at most this long" },
  { id: "p99", words: "p99", title: "99 of 100 took at most this long" },
  { id: "total", words: "Total time", title: "Calls times their duration: where the time goes" },
];

export function OneService({ name }: { name: string }) {
  const { since, until, kept, key } = useRange();
  const { data, problem, again } = useAnswer(`service ${name} ${key}`, (abort) =>
    ask<ServiceAnswer>(endpoint("pages/api/service", { name, since, until, buckets: 90 }), { abort }),
  );
  const own = `service:${quoted(name)}`;
  const heading = (
    <div class="row services-head">
      <a href={link("services", kept)}>Services</a>
      <span class="quiet-text" aria-hidden="true">
        /
      </span>
      <h2 class="cut">
        <Service name={name} />
      </h2>
      <span class="spread" />
      <a class="button" href={link("", { q: own, ...kept })}>
        Records
      </a>
      <a class="button" href={link("traces", { q: own, ...kept })}>
        Traces
      </a>
    </div>
  );
  return (
    <div class="page-scroll">
      {heading}
      {problem && !data && <Failed problem={problem} again={again} />}
      {problem && data && <Stale problem={problem} again={again} />}
      {!data && !problem && <Loading words="Counting requests" />}
      {data && <Content data={data} own={own} kept={kept} />}
    </div>
  );
}

function Content({ data, own, kept }: { data: ServiceAnswer; own: string; kept: Record<string, string | null> }) {
  const charts = useMemo(() => chartsOf(data), [data]);
  const zoom = (from: number, to: number) => chooseBetween(from * 1000, to * 1000);
  if (!data.operations.length && !data.exceptions.length) {
    return (
      <Nothing title="This service sent no spans in this time">
        <p class="second-text">
          It may have sent logs: <a href={link("", { q: own, ...kept })}>look at its records</a>, or choose a longer
          time.
        </p>
      </Nothing>
    );
  }
  return (
    <>
      <div class="services-charts">
        <section>
          <h3>Requests</h3>
          <Chart
            label="Requests a second"
            times={charts.times}
            series={charts.rate}
            format={rate}
            onSelect={zoom}
            height={140}
          />
        </section>
        <section>
          <h3>Errors</h3>
          <Chart
            label="Share of requests that failed"
            times={charts.times}
            series={charts.errors}
            format={percent}
            onSelect={zoom}
            height={140}
          />
        </section>
        <section>
          <h3>Durations</h3>
          <Chart
            label="Durations of requests"
            times={charts.times}
            series={charts.durations}
            format={duration}
            onSelect={zoom}
            height={140}
          />
        </section>
      </div>
      <Operations operations={data.operations} own={own} kept={kept} />
      {data.exceptions.length > 0 && <Exceptions data={data} own={own} kept={kept} />}
      <div class="services-neighbours">
        <Neighbours
          title="Called by"
          neighbours={data.upstream}
          nobody="Nobody that sends telemetry here"
          kept={kept}
        />
        <Neighbours title="Calls" neighbours={data.downstream} nobody="Nothing that was seen" kept={kept} />
      </div>
    </>
  );
}

/** The answer's series as charts: counts become rates and shares. */
export function chartsOf({ start, step, series }: Pick<ServiceAnswer, "start" | "step" | "series">) {
  const begin = Date.parse(start) / 1000;
  return {
    times: series.count.map((_, index) => begin + index * step),
    rate: [{ name: "requests", values: series.count.map((value) => value / step), color: "--hue-0" }],
    errors: [
      {
        name: "failed",
        values: series.count.map((value, index) => (value ? (series.errors[index] ?? 0) / value : null)),
        color: "--fill-error",
      },
    ],
    durations: [
      { name: "p50", values: series.p50, color: "--hue-4" },
      { name: "p95", values: series.p95, color: "--hue-0" },
      { name: "p99", values: series.p99, color: "--hue-5", dash: [4, 3] },
    ],
  };
}

function Operations({
  operations,
  own,
  kept,
}: {
  operations: Operation[];
  own: string;
  kept: Record<string, string | null>;
}) {
  const [sort, setSort] = useState<Column>("total");
  const rows = [...operations].sort((a, b) => (b[sort] ?? -1) - (a[sort] ?? -1));
  const most = Math.max(...rows.map((row) => row.total), 0);
  return (
    <section>
      <h3 class="services-title">Operations</h3>
      <div class="services-scroll">
        <table class="plain services-table">
          <thead>
            <tr>
              <th scope="col">Operation</th>
              {COLUMNS.map((each) => (
                <th scope="col" class="number" key={each.id} aria-sort={sort === each.id ? "descending" : undefined}>
                  <button type="button" class="services-sort" title={each.title} onClick={() => setSort(each.id)}>
                    {each.words}
                    {sort === each.id && <span aria-hidden="true"> ↓</span>}
                  </button>
                </th>
              ))}
              <th scope="col">
                <span class="unseen">Share of the time</span>
              </th>
              <th scope="col">p95 over time</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const q = `${own} name:${quoted(row.span_name)}`;
              const time = (value: number | null) =>
                value === null ? "–" : <span title={exactDuration(value)}>{duration(value)}</span>;
              return (
                <tr key={`${row.span_name} ${row.span_kind}`}>
                  <td>
                    <a class="services-name" href={link("traces", { q, ...kept })}>
                      {row.span_name}
                    </a>{" "}
                    <span class="quiet-text small">{row.span_kind.toLowerCase()}</span>
                  </td>
                  <td class="number" title={`${exact(row.count)}, ${rate(row.rate)}`}>
                    <a class="services-number" href={link("", { q, ...kept })}>
                      {count(row.count)}
                    </a>
                  </td>
                  <td class="number">
                    {row.errors ? (
                      <a class="level-error" href={link("", { q: `${q} level:error,fatal`, ...kept })}>
                        <span aria-hidden="true">✕ </span>
                        {count(row.errors)}
                      </a>
                    ) : (
                      <span class="quiet-text">0</span>
                    )}
                  </td>
                  <td class="number">{time(row.p50)}</td>
                  <td class="number">
                    <a class="services-number" href={link("traces", { q, sort: "slowest", ...kept })}>
                      {time(row.p95)}
                    </a>
                  </td>
                  <td class="number">{time(row.p99)}</td>
                  <td class="number">{time(row.total)}</td>
                  <td>
                    <span
                      class="services-share"
                      style={{ width: `${most ? (row.total / most) * 72 : 0}px` }}
                      aria-hidden="true"
                    />
                  </td>
                  <td>
                    <Sparkline
                      values={row.series.p95}
                      color="var(--info)"
                      label={`95th percentile of ${row.span_name} over time`}
                    />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Exceptions({ data, own, kept }: { data: ServiceAnswer; own: string; kept: Record<string, string | null> }) {
  return (
    <section>
      <h3 class="services-title">Exceptions</h3>
      <div class="services-scroll">
        <table class="plain services-table">
          <thead>
            <tr>
              <th scope="col">Type</th>
              <th scope="col">Message</th>
              <th scope="col" class="number">
                Times
              </th>
              <th scope="col">Last</th>
              <th scope="col">
                <span class="unseen">Trace</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.exceptions.map((each) => (
              <tr key={`${each.type} ${each.message}`}>
                <td class="level-error">
                  <a class="level-error" href={link("", { q: `${own} exception:${quoted(each.type)}`, ...kept })}>
                    {each.type}
                  </a>
                </td>
                <td class="services-message" dir="auto">
                  {each.message}
                </td>
                <td class="number">{exact(each.count)}</td>
                <td class="second-text" title={exactMoment(each.last)}>
                  {ago(each.last)}
                </td>
                <td>{each.trace_id && <a href={link(`trace/${each.trace_id}`)}>Latest trace</a>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
