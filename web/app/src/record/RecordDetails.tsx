/** All that is known of one record: for the drawer of the live page and of a trace. */
import { ask, endpoint, project } from "../api/client";
import type { FullRecord, Json } from "../api/types";
import { useAnswer } from "../api/useAnswer";
import { duration, exactDuration } from "../format/duration";
import { levelName } from "../format/level";
import { clock, exactMoment, moment } from "../format/moment";
import { Copy } from "../parts/Copy";
import { JsonTree } from "../parts/JsonTree";
import { Level } from "../parts/Level";
import { Failed, Loading, Stale } from "../parts/Panel";
import { Service } from "../parts/Service";
import { field, type Term } from "../search/terms";
import { link, param } from "../state/address";
import { permalink } from "../state/range";
import { Breadcrumbs } from "./Breadcrumbs";
import { BREADCRUMBS, breadcrumbsOf } from "./breadcrumbs";
import { ConversationView } from "./ConversationView";
import { conversationOf, withoutMessages } from "./conversation";
import { Exception } from "./Exception";
import { Fold } from "./Fold";
import { Http } from "./Http";
import { LeafActions } from "./LeafActions";
import { readable } from "./statement";
import "./record.css";

export interface Filter {
  term: Term;
  /** Leave out what it finds. */
  out: boolean;
}

interface Props {
  trace_id: string;
  span_id: string;
  kind: string;
  id: string;
  at: string;
  onFilter?: ((filter: Filter) => void) | undefined;
  onColumn?: ((column: string) => void) | undefined;
}

/** Longer ones are read, not looked at. */
const LONG = 160;
const STATEMENTS = ["db.query.text", "db.statement"];

export function RecordDetails({ trace_id, span_id, kind, id, at, onFilter, onColumn }: Props) {
  const { data, problem, loading, again } = useAnswer(`record ${project.value} ${id} ${kind} ${at}`, (abort) =>
    ask<{ record: FullRecord }>(endpoint("pages/api/record", { id, at, trace_id, span_id, kind }), { abort }),
  );
  if (problem && !data) return <Failed problem={problem} again={again} />;
  if (!data) return <Loading />;
  const { record } = data;
  return (
    <div class={loading ? "record waiting" : "record"}>
      {problem && <Stale problem={problem} again={again} />}
      <Head record={record} />
      <div class="record-body">
        {record.is_exception && (
          <Exception
            type={record.exception_type}
            message={record.exception_message}
            stacktrace={record.exception_stacktrace}
          />
        )}
        <Body record={record} onFilter={onFilter} onColumn={onColumn} />
      </div>
    </div>
  );
}

function Head({ record }: { record: FullRecord }) {
  const kept = { from: param("from") || null, to: param("to") || null };
  const similar = [field("service", record.service_name), field("name", record.span_name)].join(" ");
  return (
    <header class="record-head">
      <h2 class={record.message.length > LONG ? "record-message long" : "record-message"} dir="auto">
        {record.message}
      </h2>
      <p class="record-facts small">
        <Service name={record.service_name} />
        <span>
          <Level level={record.level} /> {levelName(record.level)}
        </span>
        <time
          dateTime={record.start_timestamp}
          title={`${exactMoment(record.start_timestamp)}\n${record.start_timestamp}`}
        >
          {moment(record.start_timestamp).slice(0, 10)} {clock(record.start_timestamp)}
        </time>
        {record.duration !== null && <span title={exactDuration(record.duration)}>{duration(record.duration)}</span>}
        {record.kind === "pending_span" && <span class="second-text">has begun, not ended</span>}
        {record.message !== record.span_name && record.span_name !== record.kind && (
          <span class="quiet-text">{record.span_name}</span>
        )}
      </p>
      <p class="row record-actions">
        {record.trace_id && !location.pathname.includes(record.trace_id) && (
          <a class="button small" href={link(`trace/${record.trace_id}`, { span: record.span_id })}>
            Open the trace
          </a>
        )}
        <a class="button small" href={link("", { q: similar, ...kept })}>
          Find similar
        </a>
        <Copy text={permalink} words="Copy link" />
        <Copy text={() => JSON.stringify(record, null, 2)} words="Copy JSON" />
      </p>
    </header>
  );
}

function Body({ record, onFilter, onColumn }: { record: FullRecord } & Pick<Props, "onFilter" | "onColumn">) {
  const conversation = conversationOf(record.attributes);
  const crumbs = breadcrumbsOf(record.attributes[BREADCRUMBS]);
  // What is told above in words is not repeated as raw text.
  const { [BREADCRUMBS]: told, ...others } = conversation ? withoutMessages(record.attributes) : record.attributes;
  const shown = crumbs || told === undefined ? others : { [BREADCRUMBS]: told, ...others };
  const statement = STATEMENTS.map((key) => record.attributes[key]).find((value) => typeof value === "string");
  const leaf = (prefix: string) => (path: string[], value: Json) => (
    <LeafActions prefix={prefix} path={path} value={value} onFilter={onFilter} onColumn={onColumn} />
  );
  return (
    <>
      {typeof statement === "string" && (
        <section class="record-section">
          <h3 class="row">
            <span class="spread">SQL</span>
            <Copy text={statement} />
          </h3>
          <pre class="record-pre">{readable(statement)}</pre>
        </section>
      )}
      <Http record={record} />
      {conversation && <ConversationView conversation={conversation} />}
      {crumbs && <Breadcrumbs crumbs={crumbs} />}
      <Part title="Attributes" value={shown} actions={leaf("")} empty="This record has no attributes." />
      {record.log_body !== null && record.log_body !== undefined && record.log_body !== record.message && (
        <section class="record-section">
          <h3>Body</h3>
          <pre class="record-pre" dir="auto">
            {typeof record.log_body === "string" ? record.log_body : JSON.stringify(record.log_body, null, 2)}
          </pre>
        </section>
      )}
      {record.otel_status_message && (
        <section class="record-section">
          <h3>Status</h3>
          <p dir="auto">
            {record.otel_status_code} {record.otel_status_message}
          </p>
        </section>
      )}
      {record.otel_events?.length > 0 && (
        <section class="record-section">
          <h3>Events</h3>
          <ol class="record-events">
            {record.otel_events.map((event) => (
              <li key={`${event.event_timestamp} ${event.event_name}`}>
                <p class="small">
                  <time title={exactMoment(event.event_timestamp)}>{clock(event.event_timestamp)}</time>{" "}
                  <b>{event.event_name}</b>
                </p>
                <JsonTree value={withoutStack(event.attributes)} />
              </li>
            ))}
          </ol>
        </section>
      )}
      {record.otel_links?.length > 0 && (
        <section class="record-section">
          <h3>Links</h3>
          {record.otel_links.map((each) => (
            <div key={each.trace_id + each.span_id}>
              <a class="mono" href={link(`trace/${each.trace_id}`, { span: each.span_id })}>
                {each.trace_id}
              </a>
              <JsonTree value={each.attributes} />
            </div>
          ))}
        </section>
      )}
      {record.tags?.length > 0 && (
        <section class="record-section">
          <h3>Tags</h3>
          <p>{record.tags.join(", ")}</p>
        </section>
      )}
      <Part title="Resource" value={record.otel_resource_attributes} actions={leaf("resource.")} folded />
      <Part title="Scope" value={scopeOf(record)} folded />
      <Part title="All columns" value={record as { [key: string]: Json }} folded />
      <Fold title="Raw JSON">{() => <Raw record={record} />}</Fold>
    </>
  );
}

/** Written only when it is looked at: a record may be large. */
function Raw({ record }: { record: FullRecord }) {
  const text = JSON.stringify(record, null, 2);
  return (
    <>
      <Copy text={text} />
      <pre class="record-pre" dir="ltr">
        {text}
      </pre>
    </>
  );
}

interface PartProps {
  title: string;
  value: { [key: string]: Json };
  actions?: Parameters<typeof JsonTree>[0]["actions"];
  folded?: boolean;
  empty?: string;
}

function Part({ title, value, actions, folded = false, empty }: PartProps) {
  const size = Object.keys(value ?? {}).length;
  if (!size) return empty ? <p class="record-section quiet-text">{empty}</p> : null;
  return (
    <Fold title={title} size={size} open={!folded}>
      {() => <JsonTree value={value} actions={actions} />}
    </Fold>
  );
}

/** The exception's stack is shown above, and readable there. */
function withoutStack(attributes: { [key: string]: Json }): { [key: string]: Json } {
  const { "exception.stacktrace": _, ...others } = attributes;
  return others;
}

function scopeOf(record: FullRecord): { [key: string]: Json } {
  if (!record.otel_scope_name) return {};
  return { name: record.otel_scope_name, version: record.otel_scope_version, ...record.otel_scope_attributes };
}
