/** Every service with its rate, errors and durations; from each number to what is behind it. */
import { ask, endpoint, project } from "../api/client";
import type { ServiceRow, ServicesAnswer } from "../api/services";
import { useAnswer } from "../api/useAnswer";
import { duration, exactDuration } from "../format/duration";
import { ago, exactMoment } from "../format/moment";
import { count, exact, percent, rate } from "../format/number";
import { ordered, orderOf } from "../parts/order";
import { Failed, Loading, Nothing, Stale } from "../parts/Panel";
import { Scroll } from "../parts/Scroll";
import { Service } from "../parts/Service";
import { SortHead } from "../parts/SortHead";
import { Sparkline } from "../parts/Sparkline";
import { link, param, set } from "../state/address";
import { bounds, range } from "../state/range";
import { useAgain } from "./useAgain";
import { wholeBuckets } from "./wholeBuckets";

const USUAL = "rate";
const COLUMNS = ["name", "rate", "error_rate", "p50", "p95", "p99", "logs", "last_seen"] as const;
type Column = (typeof COLUMNS)[number];
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
  const order = orderOf(param("sort"), COLUMNS, USUAL);
  const { data, problem, loading, again } = useAnswer(`services ${key}`, (abort) =>
    ask<ServicesAnswer>(endpoint("pages/api/services", { since, until, buckets: 60 }), { abort }),
  );
  useAgain(again, loading);
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
  const rows = ordered(data.services, order.down, (row) => row[order.column]);
  const heads = { order, usual: USUAL, sort: (text: string | null) => set({ sort: text }, { replace: true }) } as const;
  const seen = wholeBuckets(
    data,
    rows[0]?.series.count.length ?? 0,
    Date.parse(since),
    until ? Date.parse(until) : Date.now(),
  );
  return (
    <>
      {problem && <Stale problem={problem} again={again} />}
      <p class="second-text small services-note" title={`${(data.took * 1000).toFixed(0)} ms`}>
        {exact(rows.length)} {rows.length === 1 ? "service" : "services"}
        {data.sampled > 1 && `; estimated from one in ${data.sampled} traces`}
        {loading && " · looking again …"} · <a href={link("explore", { sql: data.sql, ...kept })}>Open as SQL</a>
      </p>
      <Scroll label="Services">
        <table class="plain services-table">
          <thead>
            <tr>
              <SortHead column="name" words="Service" title="By name" text {...heads} />
              {NUMBERS.map((each) => (
                <SortHead key={each.id} column={each.id} words={each.words} title={each.title} {...heads} />
              ))}
              <th scope="col">Requests over time</th>
              <th scope="col">p95 over time</th>
              <SortHead column="logs" words="Logs" title="Log records of the service" {...heads} />
              <SortHead column="last_seen" words="Last seen" title="When its last record began" {...heads} />
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.name} row={row} seen={seen} kept={kept} />
            ))}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}

interface RowProps {
  row: ServiceRow;
  /** The buckets that the range covers wholly. */
  seen: [number, number];
  kept: Record<string, string | null>;
}

function Row({ row, seen, kept }: RowProps) {
  const own = `service:${quoted(row.name)}`;
  const requests = row.series.count.reduce((sum, value) => sum + value, 0);
  const about = [row.language, row.version, row.environments.join(", ")].filter(Boolean).join(" · ");
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
        <div class="row services-first">
          <a class="services-name cut" href={link(`services/${encodeURIComponent(row.name)}`, kept)}>
            <Service name={row.name} />
          </a>
          <span class="quiet-text cut services-about" title={about}>
            {about}
          </span>
        </div>
      </td>
      <td class="number" title={`${exact(requests)} requests, ${exact(row.spans)} spans`}>
        <a class="services-number" href={link("traces", { q: own, ...kept })}>
          {rate(row.rate)}
        </a>
      </td>
      <td class="number" title={`${exact(row.errors)} errors`}>
        {row.errors ? (
          <a class="level-error" href={link("traces", { q: `${own} level:error,fatal`, ...kept })}>
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
        <Sparkline values={row.series.count.slice(...seen)} label={`Requests of ${row.name} over time`} />
      </td>
      <td>
        <Sparkline
          values={row.series.p95.slice(...seen)}
          color="var(--info)"
          label={`95th percentile of ${row.name} over time`}
        />
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
      <td class="number second-text" title={row.last_seen ? exactMoment(row.last_seen) : ""}>
        {row.last_seen ? ago(row.last_seen) : ""}
      </td>
    </tr>
  );
}

/** A value in the search language; plain words need no quotes. */
export function quoted(value: string): string {
  return /^[\w./-]+$/.test(value) ? value : `"${value.replace(/(["\\])/g, "\\$1")}"`;
}
