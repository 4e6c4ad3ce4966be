/** What a service does, operation by operation, and where its time goes; each number leads to the traces behind it. */
import { useState } from "preact/hooks";
import type { Operation } from "../api/services";
import { duration, exactDuration } from "../format/duration";
import { count, exact, rate } from "../format/number";
import { ordered, orderOf } from "../parts/order";
import { Scroll } from "../parts/Scroll";
import { SortHead } from "../parts/SortHead";
import { Sparkline } from "../parts/Sparkline";
import { link, param, set } from "../state/address";
import { quoted } from "./ServicesTable";

const USUAL = "total";
const COLUMNS = ["span_name", "count", "errors", "p50", "p95", "p99", "total"] as const;
const NUMBERS: { id: (typeof COLUMNS)[number]; words: string; title: string }[] = [
  { id: "count", words: "Calls", title: "How often it ran" },
  { id: "errors", words: "Errors", title: "How often it failed" },
  { id: "p50", words: "p50", title: "Half took at most this long" },
  { id: "p95", words: "p95", title: "95 of 100 took at most this long" },
  { id: "p99", words: "p99", title: "99 of 100 took at most this long" },
  { id: "total", words: "Total time", title: "Calls times their duration: where the time goes" },
];
/** From so many on, there is a field to find one. */
const MANY = 12;

interface Props {
  operations: Operation[];
  /** The service in the search language. */
  own: string;
  kept: Record<string, string | null>;
  seen: [number, number];
}

export function Operations({ operations, own, kept, seen }: Props) {
  const [wanted, setWanted] = useState("");
  const order = orderOf(param("sort"), COLUMNS, USUAL);
  const heads = { order, usual: USUAL, sort: (text: string | null) => set({ sort: text }, { replace: true }) } as const;
  const found = wanted
    ? operations.filter((row) => row.span_name.toLowerCase().includes(wanted.toLowerCase()))
    : operations;
  const rows = ordered(found, order.down, (row) => row[order.column]);
  const most = Math.max(...operations.map((row) => row.total), 0);
  return (
    <section>
      <div class="row services-title">
        <h3>Operations</h3>
        <span class="quiet-text">{exact(operations.length)}</span>
        {operations.length > MANY && (
          <input
            class="field services-find"
            type="search"
            aria-label="Find an operation"
            placeholder="Find an operation"
            value={wanted}
            onInput={(event) => setWanted(event.currentTarget.value)}
          />
        )}
      </div>
      <Scroll label="Operations">
        <table class="plain services-table">
          <thead>
            <tr>
              <SortHead column="span_name" words="Operation" title="By name" text {...heads} />
              {NUMBERS.map((each) => (
                <SortHead key={each.id} column={each.id} words={each.words} title={each.title} {...heads} />
              ))}
              <th scope="col">
                <span class="unseen">Share of the time</span>
              </th>
              <th scope="col">p95 over time</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={`${row.span_name} ${row.span_kind}`} {...{ row, own, kept, seen, most }} />
            ))}
          </tbody>
        </table>
      </Scroll>
      {rows.length === 0 && <p class="quiet-text services-none">None of them is called like “{wanted}”.</p>}
    </section>
  );
}

function Row({
  row,
  own,
  kept,
  seen,
  most,
}: {
  row: Operation;
  own: string;
  kept: Record<string, string | null>;
  seen: [number, number];
  most: number;
}) {
  const q = `${own} name:${quoted(row.span_name)}`;
  const time = (value: number | null) =>
    value === null ? "–" : <span title={exactDuration(value)}>{duration(value)}</span>;
  return (
    <tr>
      <td>
        <div class="row services-first">
          <a class="services-name cut" href={link("traces", { q, ...kept })} title={row.span_name}>
            <bdi>{row.span_name}</bdi>
          </a>
          <span class="quiet-text">{row.span_kind.toLowerCase()}</span>
        </div>
      </td>
      <td class="number" title={`${exact(row.count)}, ${rate(row.rate)}`}>
        <a class="services-number" href={link("traces", { q, ...kept })}>
          {count(row.count)}
        </a>
      </td>
      <td class="number">
        {row.errors ? (
          <a
            class="level-error"
            title={`${exact(row.errors)} of ${exact(row.count)}`}
            href={link("traces", { q: `${q} level:error,fatal`, ...kept })}
          >
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
          style={{ width: `${most ? Math.round((row.total / most) * 72) : 0}px` }}
          aria-hidden="true"
        />
      </td>
      <td>
        <Sparkline
          values={row.series.p95.slice(...seen)}
          color="var(--info)"
          label={`95th percentile of ${row.span_name} over time`}
        />
      </td>
    </tr>
  );
}
