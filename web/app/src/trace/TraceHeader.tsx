/** The head of a trace: what it was, when, how long, how much, and what can be done with it. */
import type { ComponentChildren } from "preact";
import { exactMoment, moment } from "../format/moment";
import { exact } from "../format/number";
import { useBar } from "../frame/Bar";
import { Copy } from "../parts/Copy";
import { Menu } from "../parts/Menu";
import { Service } from "../parts/Service";
import { link, set } from "../state/address";
import { CompareWith } from "./CompareWith";
import { operationText } from "./find";
import { isoAt, type Known } from "./rows";
import type { Look } from "./TraceView";
import type { Forest, Node } from "./tree";
import { exactLong, long, nameOf } from "./words";

const NAMED = 5;

/** What the trace is called after: the first span without a parent, else whatever comes first. */
export function rootOf(forest: Forest): Node | undefined {
  return (
    forest.roots.find((node) => !node.sign && !node.note) ?? forest.roots.find((node) => !node.note) ?? forest.roots[0]
  );
}

export function TraceHeader({ known, look, live }: { known: Known; look: Look; live: boolean }) {
  const { forest, runs } = look;
  const root = rootOf(forest);
  const start = isoAt(known.start, forest.start);
  const length = forest.end - forest.start;
  const rootless = root ? root.sign !== "" || root.note : true;
  useBar(<Actions known={known} root={root} start={start} />);
  return (
    <header class="trace-head">
      <div class="row trace-title">
        {root && <Service name={root.row.service_name} />}
        <h2 class="cut" title={root ? nameOf(root) : ""} dir="auto">
          {root ? nameOf(root) : "Trace"}
        </h2>
        <span class="trace-length number" title={exactLong(length)}>
          {forest.running > 0 && runs && <span class="second-text">running </span>}
          {long(length)}
        </span>
        {live && (
          <span class="small second-text" role="status" title="Asked again every two seconds for what is new">
            <span class="trace-live" aria-hidden="true" /> live
          </span>
        )}
      </div>
      <dl class="trace-facts small">
        <Fact name="Started">
          <span title={exactMoment(start)}>{moment(start)}</span>
        </Fact>
        <Fact name="Spans">{exact(forest.spans)}</Fact>
        {forest.logs > 0 && <Fact name="Logs">{exact(forest.logs)}</Fact>}
        <Fact name="Errors">
          {forest.errors ? (
            <b class="level-error">
              <span aria-hidden="true">✕ </span>
              {exact(forest.errors)}
            </b>
          ) : (
            "none"
          )}
        </Fact>
        {forest.depth > 0 && <Fact name="Depth">{exact(forest.depth)}</Fact>}
        {forest.running > 0 && <Fact name={runs ? "Running" : "Without an end"}>{exact(forest.running)}</Fact>}
        <Fact name={forest.services.length === 1 ? "Service" : `${forest.services.length} services`}>
          <span class="trace-services">
            {forest.services.slice(0, NAMED).map(({ name, spans }) => (
              <button
                key={name}
                type="button"
                class="trace-service"
                title={`${exact(spans)} spans of ${name || "no service"}: find them`}
                onClick={() => set({ find: operationText(name, "") || null }, { replace: true })}
              >
                <Service name={name} /> {spans > 0 && <span class="quiet-text number">{exact(spans)}</span>}
              </button>
            ))}
            {forest.services.length > NAMED && (
              <span
                class="quiet-text"
                title={forest.services
                  .slice(NAMED)
                  .map(({ name }) => name)
                  .join(", ")}
              >
                {forest.services.length - NAMED} more
              </span>
            )}
          </span>
        </Fact>
        {rootless && forest.spans > 0 && (
          <span class="level-warn">
            <span aria-hidden="true">▲ </span>the root is not recorded{live ? " yet" : ""}
          </span>
        )}
      </dl>
    </header>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="trace-fact">
      <dt class="quiet-text">{name}</dt>
      <dd class="number">{children}</dd>
    </div>
  );
}

function Actions({ known, root, start }: { known: Known; root: Node | undefined; start: string }) {
  const sql = link("explore", { sql: sqlOf(known, start) });
  return (
    <>
      <CompareWith known={known} root={root} start={start} />
      <a class="button quiet trace-wide" href={sql}>
        Open as SQL
      </a>
      <span class="trace-wide row">
        <Copy text={() => location.href} words="Copy link" class="button quiet" />
        <button type="button" class="button quiet" onClick={() => download(known)}>
          Download JSON
        </button>
      </span>
      <span class="trace-narrow">
        <Menu class="button quiet" side="right" label="More" name="More to do with this trace">
          {(close) => (
            <>
              <a class="menu-item" href={sql}>
                Open as SQL
              </a>
              <Copy text={() => location.href} words="Copy link" class="menu-item" />
              <button
                type="button"
                class="menu-item"
                onClick={() => {
                  download(known);
                  close();
                }}
              >
                Download JSON
              </button>
            </>
          )}
        </Menu>
      </span>
    </>
  );
}

function sqlOf(known: Known, start: string): string {
  return `SELECT start_timestamp, duration, service_name, level, message, span_id, parent_span_id\nFROM records\nWHERE trace_id = '${known.trace_id}' AND start_timestamp >= '${start.slice(0, 19)}Z'\nORDER BY start_timestamp`;
}

function download(known: Known): void {
  const records = [...known.rows.values()].map((row) => ({
    ...row,
    start: isoAt(known.start, row.start),
    duration: row.duration === null ? null : row.duration / 1e9,
  }));
  const body = JSON.stringify({ trace_id: known.trace_id, records }, null, 1);
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(new Blob([body], { type: "application/json" }));
  anchor.download = `trace-${known.trace_id}.json`;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 1000);
}
