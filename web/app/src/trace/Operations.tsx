/** Where the time went, as a table: by operation or by service, sorted as one likes; a row leads to its spans in the waterfall. */
import { useMemo } from "preact/hooks";
import { exact, percent } from "../format/number";
import { Nothing } from "../parts/Panel";
import { Service } from "../parts/Service";
import { linkWith, param, set } from "../state/address";
import { operationText } from "./find";
import { byOperation, byService, type Sum } from "./stats";
import type { Look } from "./TraceView";
import { exactLong, long } from "./words";
import "./operations.css";

type Column = "service" | "name" | "count" | "errors" | "total" | "self" | "p50" | "max";

const NUMBERS: { id: Column; words: string; title: string }[] = [
  { id: "self", words: "Self time", title: "Time in which none of its children ran, of all its spans together" },
  { id: "total", words: "Total", title: "Durations of all its spans together; parallel ones count each" },
  { id: "count", words: "Count", title: "Spans" },
  { id: "errors", words: "Errors", title: "Spans that failed" },
  { id: "p50", words: "Median", title: "Half of its spans took no longer" },
  { id: "max", words: "Longest", title: "The longest of its spans" },
];

export function Operations({ look }: { look: Look }) {
  const { forest, matching } = look;
  const services = param("by") === "service";
  const [sort, down] = sortOf(param("sort"));
  const rows = useMemo(() => {
    const spans = matching ? { ...forest, nodes: forest.nodes.filter((node) => matching.has(node.key)) } : forest;
    return services ? byService(spans) : byOperation(spans);
  }, [forest, services, matching]);
  const sorted = [...rows].sort((a, b) => (down ? -1 : 1) * compare(a, b, sort) || b.self - a.self);
  const allSelf = rows.reduce((sum, row) => sum + row.self, 0);
  if (!forest.spans) return <Nothing title="This trace has logs, but no spans to sum up" />;
  const heads = services ? NUMBERS : [{ id: "name" as Column, words: "Operation", title: "Span name" }, ...NUMBERS];
  return (
    <div class="operations">
      <div class="row operations-by small">
        <span class="quiet-text">By</span>
        {[
          { id: null, words: "operation" },
          { id: "service", words: "service" },
        ].map((each) => (
          <button
            key={each.words}
            type="button"
            class="button small"
            aria-pressed={(each.id === "service") === services}
            onClick={() => set({ by: each.id }, { replace: true })}
          >
            {each.words}
          </button>
        ))}
        {matching && <span class="second-text">of what the search finds</span>}
      </div>
      <table class="plain operations-table">
        <thead>
          <tr>
            {[{ id: "service" as Column, words: "Service", title: "Service" }, ...heads].map((head) => (
              <th
                key={head.id}
                class={head.id === "service" || head.id === "name" ? "" : "number"}
                aria-sort={sort === head.id ? (down ? "descending" : "ascending") : "none"}
              >
                <button
                  type="button"
                  class="operations-sort"
                  title={head.title}
                  onClick={() => set({ sort: next(head.id, sort, down) }, { replace: true })}
                >
                  {head.words}
                  <span aria-hidden="true">{sort === head.id ? (down ? " ↓" : " ↑") : ""}</span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={`${row.service} ${row.name}`}>
              <td>
                <Service name={row.service} />
              </td>
              {!services && (
                <td class="operations-name" dir="auto">
                  <a
                    href={linkWith({ view: null, by: null, sort: null, find: operationText(row.service, row.name) })}
                    title="Find its spans in the waterfall"
                  >
                    {row.name}
                  </a>
                </td>
              )}
              <td class="number operations-self" title={exactLong(row.self)}>
                <span class="quiet-text">{allSelf ? percent(row.self / allSelf) : ""}</span> {long(row.self)}
                <i style={{ width: `${allSelf ? (row.self / allSelf) * 100 : 0}%` }} />
              </td>
              <td class="number" title={exactLong(row.total)}>
                {long(row.total)}
              </td>
              <td class="number">{exact(row.count)}</td>
              <td class={row.errors ? "number level-error" : "number quiet-text"}>
                {row.errors ? `✕ ${exact(row.errors)}` : "0"}
              </td>
              <td class="number" title={exactLong(row.p50)}>
                {long(row.p50)}
              </td>
              <td class="number" title={exactLong(row.max)}>
                {long(row.max)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function compare(a: Sum, b: Sum, by: Column): number {
  const [one, two] = [a[by], b[by]];
  return typeof one === "number" && typeof two === "number" ? one - two : String(one).localeCompare(String(two));
}

/** From the address: `self` is the longest first, `-self` the shortest. */
function sortOf(text: string): [Column, boolean] {
  const up = text.startsWith("-");
  const id = (up ? text.slice(1) : text) as Column;
  const known = id === "service" || id === "name" || NUMBERS.some((each) => each.id === id);
  return known ? [id, !up] : ["self", true];
}

function next(id: Column, sort: Column, down: boolean): string {
  const words = id === "service" || id === "name";
  if (id !== sort) return words ? `-${id}` : id;
  return down ? `-${id}` : id;
}
