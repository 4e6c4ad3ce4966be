/** Every service with its rate, errors and durations; from each number to what is behind it. */
import { useState } from "preact/hooks";
import { ask, endpoint, project } from "../api/client";
import type { ServiceRow, ServicesAnswer } from "../api/services";
import { useAnswer } from "../api/useAnswer";
import { duration, exactDuration } from "../format/duration";
import { ago, exactMoment } from "../format/moment";
import { count, exact, percent, rate } from "../format/number";
import { Failed, Loading, Nothing, Stale } from "../parts/Panel";
import { Service } from "../parts/Service";
import { Sparkline } from "../parts/Sparkline";
import { link, param } from "../state/address";
import { bounds, range } from "../state/range";

type Column = "name" | "rate" | "error_rate" | "p50" | "p95" | "p99" | "logs";
const NUMBERS: { id: Column; words: string; title: string }[] = [
  { id: "rate", words: "Rate", title: "Requests: spans of kind server or consumer, and those that begin a trace" },
  { id: "error_rate", words: "Errors", title: "Share of requests that ended as errors" },
  { id: "p50", words: "p50", title: "Half of the requests took at most this long" },
  { id: "p95", words: "p95", title: "95 of 100 requests took at most this long" },
  { id: "p99", words: "p99", title: "99 of 100 requests took at most this long" },
];

/** What the range means for a query, and the parameters that keep it in links. */
export function useRange(): {
  since: string;
  until: string | null;
  kept: { from: string | null; to: string | null };
  key: string;
} {
  const kept = { from: param("from") || null, to: param("to") || null };
  return { ...bounds(range.value), kept, key: `${kept.from} ${kept.to} ${project.value}` };
}

export function ServicesTable() {
  const { since, until, kept, key } = useRange();
  const [sort, setSort] = useState<Column>("rate");
  const { data, problem, loading, again } = useAnswer(`services ${key}`, (abort) =>
    ask<ServicesAnswer>(endpoint("pages/api/services", { since, until, buckets: 60 }), { abort }),
  );
  if (problem && !data) return <Failed problem={problem} again={again} />;
  if (!data) return <Loading words="Counting requests" />;
  if (!data.services.length) {
    return (
      <Nothing title="No service sent anything in this time">
        <p class="second-text">
          A service appears with its first span or log. Choose a longer time, or{" "}
          <a href={link("")}>see how to send some</a>.
        </p>
      </Nothing>
    );
  }
  const rows = [...data.services].sort((a, b) =>
    sort === "name" ? a.name.localeCompare(b.name) : (b[sort] ?? -1) - (a[sort] ?? -1),
  );
  const header = (id: Column, words: string, title: string, style = "number") => (
    <th
      scope="col"
      class={style}
      key={id}
      aria-sort={sort === id ? (id === "name" ? "ascending" : "descending") : undefined}
    >
      <button type="button" class="services-sort" title={title} onClick={() => setSort(id)}>
        {words}
        {sort === id && <span aria-hidden="true"> ↓</span>}
      </button>
    </th>
  );
  return (
    <>
      {problem && <Stale problem={problem} again={again} />}
      <p class="second-text small services-note" title={`${(data.took * 1000).toFixed(0)} ms`}>
        {exact(rows.length)} services{data.sampled > 1 && `; estimated from one in ${data.sampled} traces`}
        {loading && " · looking again …"} · <a href={link("explore", { sql: data.sql, ...kept })}>Open as SQL</a>
      </p>
      <div class="services-scroll">
        <table class="plain services-table">
          <thead>
            <tr>
              {header("name", "Service", "By name", "")}
              {NUMBERS.map((each) => header(each.id, each.words, each.title))}
              <th scope="col">Requests over time</th>
              <th scope="col">p95 over time</th>
              {header("logs", "Logs", "Log records of the service")}
              <th scope="col">Last seen</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.name} row={row} kept={kept} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Row({ row, kept }: { row: ServiceRow; kept: Record<string, string | null> }) {
  const own = `service:${quoted(row.name)}`;
  const requests = row.series.count.reduce((sum, value) => sum + value, 0);
  const slow = (value: number | null) =>
    value === null ? (
      <span class="quiet-text">–</span>
    ) : (
      <a
        class="services-number"
        href={link("traces", { q: own, sort: "slowest", ...kept })}
        title={exactDuration(value)}
      >
        {duration(value)}
      </a>
    );
  return (
    <tr>
      <td>
        <a class="services-name" href={link(`services/${encodeURIComponent(row.name)}`, kept)}>
          <Service name={row.name} />
        </a>
        <span class="quiet-text small">
          {" "}
          {[row.language, row.version, row.environments.join(", ")].filter(Boolean).join(" · ")}
        </span>
      </td>
      <td class="number" title={`${exact(requests)} requests, ${exact(row.spans)} spans`}>
        <a class="services-number" href={link("traces", { q: own, ...kept })}>
          {rate(row.rate)}
        </a>
      </td>
      <td class="number" title={`${exact(row.errors)} errors`}>
        {row.errors ? (
          <a class="level-error" href={link("", { q: `${own} level:error,fatal`, ...kept })}>
            <span aria-hidden="true">✕ </span>
            {percent(row.error_rate)}
          </a>
        ) : (
          <span class="quiet-text">0 %</span>
        )}
      </td>
      <td class="number">{slow(row.p50)}</td>
      <td class="number">{slow(row.p95)}</td>
      <td class="number">{slow(row.p99)}</td>
      <td>
        <Sparkline values={row.series.count} label={`Requests of ${row.name} over time`} />
      </td>
      <td>
        <Sparkline values={row.series.p95} color="var(--info)" label={`95th percentile of ${row.name} over time`} />
      </td>
      <td class="number" title={exact(row.logs)}>
        {row.logs ? (
          <a class="services-number" href={link("", { q: `${own} is:log`, ...kept })}>
            {count(row.logs)}
          </a>
        ) : (
          <span class="quiet-text">0</span>
        )}
      </td>
      <td class="second-text" title={row.last_seen ? exactMoment(row.last_seen) : ""}>
        {row.last_seen ? ago(row.last_seen) : ""}
      </td>
    </tr>
  );
}

/** A value in the search language; plain words need no quotes. */
export function quoted(value: string): string {
  return /^[\w./-]+$/.test(value) ? value : `"${value.replace(/(["\\])/g, "\\$1")}"`;
}
