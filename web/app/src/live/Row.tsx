/** One record in one line: when, who, how bad, what; then what else is known, quieter. */
import type { Json, Line } from "../api/types";
import { duration, exactDuration } from "../format/duration";
import { clock, exactMoment } from "../format/moment";
import { exact } from "../format/number";
import { Level } from "../parts/Level";
import { Service } from "../parts/Service";
import { barShare } from "./bar";
import { Running } from "./Running";
import type { Shown } from "./rows";

interface Props {
  shown: Shown;
  index: number;
  columns: string[];
  selected: boolean;
  select: (line: Line) => void;
  unfold: (line: Line) => void;
}

export function Row({ shown: { line, alike, folded }, index, columns, selected, select, unfold }: Props) {
  const [time, millis] = cut(clock(line.start_timestamp));
  // A log record without a name of its own is called so.
  // A template, or the beginning of the message, says nothing that the message does not.
  const named =
    !line.span_name.includes("{") &&
    !line.message.startsWith(line.span_name) &&
    !(line.kind === "log" && line.span_name === "log");
  const name = named ? line.span_name : "";
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are taken by the page: j, k and Enter
    <div
      class={`line${selected ? " selected" : ""}${line.level >= 17 ? " bad" : ""}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      onClick={() => select(line)}
    >
      <span role="cell" class="line-time mono" title={exactMoment(line.start_timestamp)}>
        {time}
        <span class="line-millis">{millis}</span>
      </span>
      <span role="cell" class="line-service">
        <Service name={line.service_name} />
      </span>
      <span role="cell" class="line-level">
        <Level level={line.level} quiet />
      </span>
      <span role="cell" class="line-message" title={line.message.length > 80 ? line.message.slice(0, 1000) : undefined}>
        <bdi class="line-text">{line.message || line.span_name || "(no message)"}</bdi>
        {line.exception_type && !line.message.includes(line.exception_type) && (
          <span class="level-error line-also">{line.exception_type}</span>
        )}
        {name && <span class="quiet-text line-also line-name">{name}</span>}
        {alike > 0 && (
          <button
            type="button"
            class="link small line-also line-fold"
            aria-expanded={!folded}
            title={folded ? "Show the others" : "Fold the others"}
            onClick={(event) => {
              event.stopPropagation();
              unfold(line);
            }}
          >
            <span aria-hidden="true">{folded ? "▸" : "▾"} </span>
            {exact(alike)}
            <span class="line-words"> {folded ? "more like this" : "shown"}</span>
          </button>
        )}
      </span>
      {columns.map((column) => (
        <span key={column} role="cell" class="line-extra mono" title={written(line.extra[column])}>
          {written(line.extra[column])}
        </span>
      ))}
      <span role="cell" class={`line-status ${statusClass(line.http_response_status_code)}`}>
        {line.http_response_status_code ?? ""}
      </span>
      <span role="cell" class="line-duration">
        {line.kind === "pending_span" ? (
          <Running since={line.start_timestamp} />
        ) : (
          line.duration !== null && (
            <>
              <span class="line-bar" aria-hidden="true">
                <span style={{ width: `${barShare(line.duration) * 100}%` }} />
              </span>
              <span class="line-number" title={exactDuration(line.duration)}>
                {duration(line.duration)}
              </span>
            </>
          )
        )}
      </span>
    </div>
  );
}

/** A phone has no room for what comes after the second. */
function cut(moment: string): [string, string] {
  const point = moment.indexOf(".");
  return [moment.slice(0, point), moment.slice(point)];
}

function written(value: Json | undefined): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function statusClass(status: number | null): string {
  if (status === null) return "";
  return status >= 500 ? "level-error" : status >= 400 ? "level-warn" : "quiet-text";
}
