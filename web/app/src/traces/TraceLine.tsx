/** A trace as a line of the list. */
import type { TraceSummary } from "../api/traces";
import { duration, exactDuration } from "../format/duration";
import { hue } from "../format/hue";
import { clock, exactMoment, moment } from "../format/moment";
import { count, exact } from "../format/number";
import { Service } from "../parts/Service";
import { link } from "../state/address";

export const ROW = 28;
/** So many dots fit; the others are a number. */
const DOTS = 6;

interface Props {
  trace: TraceSummary;
  scale: (seconds: number) => number;
  chosen: boolean;
  picked: boolean;
  pick: () => void;
}

/** Durations to shares of a bar, on a logarithmic scale over what the list holds. */
export function scaleOf(traces: TraceSummary[]): (seconds: number) => number {
  const lengths = traces.map((trace) => trace.duration).filter((each) => each > 0);
  const low = Math.log10(lengths.length ? Math.min(...lengths) : 1e-3) - 0.3;
  const high = Math.log10(lengths.length ? Math.max(...lengths) : 1);
  return (seconds) => (seconds > 0 ? Math.min(1, Math.max(0.02, (Math.log10(seconds) - low) / (high - low || 1))) : 0);
}

export function TraceLine({ trace, scale, chosen, picked, pick }: Props) {
  const today = moment(trace.start).slice(0, 10) === moment(Date.now()).slice(0, 10);
  const name = trace.message || trace.span_name || trace.trace_id;
  return (
    <div
      class={["trace-line", chosen && "chosen"].filter(Boolean).join(" ")}
      role="row"
      tabIndex={-1}
      aria-selected={chosen}
    >
      <span class="trace-pick" role="cell">
        <input type="checkbox" checked={picked} onChange={pick} aria-label={`Choose ${name} for a comparison`} />
      </span>
      <span class="trace-time mono" role="cell" title={exactMoment(trace.start)}>
        {today ? clock(trace.start) : moment(trace.start).slice(5)}
      </span>
      <span class="trace-root" role="cell">
        <Service name={trace.service_name} />
        <a class="trace-open cut" href={link(`trace/${trace.trace_id}`)} title={name} dir="auto">
          {name}
        </a>
        {trace.pending && <span class="small second-text trace-said">running</span>}
        {!trace.has_root && (
          <span
            class="small level-warn trace-said"
            title="No span without a parent was recorded: the earliest record is shown"
          >
            ▲ no root
          </span>
        )}
      </span>
      <span class="trace-took number" role="cell" title={exactDuration(trace.duration)}>
        <span class="trace-bar">
          <i class={trace.errors ? "wrong" : ""} style={{ width: `${scale(trace.duration) * 100}%` }} />
        </span>
        <span class="trace-number">{duration(trace.duration)}</span>
      </span>
      <span class="trace-size number" role="cell" title={`${exact(trace.spans)} spans, ${exact(trace.logs)} logs`}>
        {count(trace.spans)}
        <span class="unseen"> spans</span>
      </span>
      <span
        class="trace-dots"
        role="cell"
        title={trace.services.map((each) => `${each.name} ${each.spans}`).join("\n")}
      >
        <span class="unseen">{trace.services.map((each) => each.name).join(", ")}</span>
        {trace.services.slice(0, DOTS).map((each) => (
          <i key={each.name} class="service-dot" style={{ background: hue(each.name) }} />
        ))}
        {trace.services.length > DOTS && <span class="small quiet-text">{trace.services.length - DOTS} more</span>}
      </span>
      <span class={trace.errors ? "trace-wrong number level-error" : "trace-wrong number quiet-text"} role="cell">
        {trace.errors ? `✕ ${count(trace.errors)}` : ""}
      </span>
    </div>
  );
}
