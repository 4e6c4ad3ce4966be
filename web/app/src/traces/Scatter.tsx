/** The traces of the list as points over time by duration. A click opens one, dragging chooses times and durations. */
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { TraceSummary } from "../api/traces";
import { duration } from "../format/duration";
import { clock, hourMinute, moment } from "../format/moment";
import { cleared, ink } from "../trace/ink";
import { useSize } from "../trace/useSize";
import { durationAt, frameOf, levels, nearest, placed, timeAt, timesOf } from "./scatter";
import "./scatter.css";

const HEIGHT = 120;
const LEFT = 56;
const BOTTOM = 18;
const TOP = 8;
const RIGHT = 12;
const CLICK = 5;

interface Props {
  traces: TraceSummary[];
  since: number;
  until: number;
  open: (trace: TraceSummary) => void;
  /** Milliseconds since the epoch, and seconds; what was not narrowed is null. */
  choose: (times: [number, number] | null, durations: [number, number] | null) => void;
  marked: TraceSummary | undefined;
}

export function Scatter({ traces, since, until, open, choose, marked }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width } = useSize(place);
  const [over, setOver] = useState<TraceSummary | undefined>(undefined);
  const [drag, setDrag] = useState<{ x: number; y: number; toX: number; toY: number } | null>(null);
  const inner = Math.max(50, width - LEFT - RIGHT);
  const depth = HEIGHT - TOP - BOTTOM;
  const frame = useMemo(() => frameOf(traces, since, until, inner, depth), [traces, since, until, inner]);
  const [error, plain, paper] = [ink("--fill-error"), ink("--fill-info"), ink("--paper")];
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element && width ? cleared(element, width, HEIGHT) : null;
    if (!element || !context) return;
    context.font = `11px ${getComputedStyle(element).fontFamily}`;
    context.fillStyle = ink("--ink-3");
    context.strokeStyle = ink("--hair");
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const level of levels(frame)) {
      const y = Math.round(TOP + placed({ start: "", duration: level } as TraceSummary, frame).y) + 0.5;
      // Powers of ten: in minutes and seconds they would not fit beside the axis.
      context.fillText(level < 60 ? duration(level) : `${level} s`, LEFT - 8, y);
      context.beginPath();
      context.moveTo(LEFT, y);
      context.lineTo(LEFT + inner, y);
      context.stroke();
    }
    context.textBaseline = "alphabetic";
    const long = frame.until - frame.since > 86_400_000;
    context.textAlign = "center";
    for (const time of timesOf(frame, Math.floor(inner / 110))) {
      const x = ((time - frame.since) / (frame.until - frame.since)) * inner;
      if (x > 16 && x < inner - 16)
        context.fillText(long ? moment(time).slice(5, 16) : hourMinute(time), LEFT + x, HEIGHT - 4);
    }
    context.globalAlpha = 0.8;
    for (const errors of [false, true]) {
      for (const trace of traces) {
        if (trace.errors > 0 !== errors) continue;
        const at = placed(trace, frame);
        const [x, y] = [LEFT + at.x, TOP + at.y];
        if (errors) {
          // A cross, so that the colour is not all that tells.
          context.strokeStyle = error;
          context.lineWidth = 2;
          context.beginPath();
          context.moveTo(x - 3, y - 3);
          context.lineTo(x + 3, y + 3);
          context.moveTo(x + 3, y - 3);
          context.lineTo(x - 3, y + 3);
          context.stroke();
        } else {
          context.fillStyle = plain;
          context.beginPath();
          context.arc(x, y, 3, 0, 2 * Math.PI);
          context.fill();
        }
      }
    }
    context.globalAlpha = 1;
    for (const trace of [over, marked]) {
      if (!trace) continue;
      const at = placed(trace, frame);
      context.strokeStyle = ink("--ember");
      context.lineWidth = 2;
      context.beginPath();
      context.arc(LEFT + at.x, TOP + at.y, 6, 0, 2 * Math.PI);
      context.stroke();
    }
  }, [traces, frame, width, over, marked, error, plain, paper]);
  function at(event: PointerEvent): { x: number; y: number } {
    const box = place.current?.getBoundingClientRect();
    const x = event.clientX - (box?.left ?? 0) - LEFT;
    const y = event.clientY - (box?.top ?? 0) - TOP;
    return { x: Math.min(Math.max(x, 0), inner), y: Math.min(Math.max(y, 0), depth) };
  }
  function up(event: PointerEvent) {
    if (!drag) return;
    setDrag(null);
    const { x: toX, y: toY } = at(event);
    const [wide, high] = [Math.abs(toX - drag.x), Math.abs(toY - drag.y)];
    if (wide < CLICK && high < CLICK) {
      const trace = nearest(traces, toX, toY, frame);
      if (trace) open(trace);
      return;
    }
    // A flat drag means times, a steep one durations, one across both.
    const times =
      wide >= CLICK * 2
        ? ([Math.min(drag.x, toX), Math.max(drag.x, toX)].map((x) => timeAt(x, frame)) as [number, number])
        : null;
    const durations =
      high >= CLICK * 2
        ? ([Math.max(drag.y, toY), Math.min(drag.y, toY)].map((y) => durationAt(y, frame)) as [number, number])
        : null;
    choose(times, durations);
  }
  const box = drag && {
    left: Math.min(drag.x, drag.toX),
    top: Math.min(drag.y, drag.toY),
    width: Math.abs(drag.toX - drag.x),
    height: Math.abs(drag.toY - drag.y),
  };
  return (
    <div
      ref={place}
      class="scatter"
      style={{ height: `${HEIGHT}px` }}
      role="img"
      aria-label={`Durations of ${traces.length} traces over time. The list below has the same.`}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        place.current?.setPointerCapture(event.pointerId);
        const { x, y } = at(event);
        setDrag({ x, y, toX: x, toY: y });
      }}
      onPointerMove={(event) => {
        const { x, y } = at(event);
        if (drag) setDrag({ ...drag, toX: x, toY: y });
        else setOver(nearest(traces, x, y, frame));
      }}
      onPointerUp={up}
      onPointerCancel={() => setDrag(null)}
      onPointerLeave={() => setOver(undefined)}
    >
      <canvas ref={canvas} class={over ? "over" : ""} />
      {box && (box.width > CLICK || box.height > CLICK) && (
        <div
          class="scatter-box"
          style={{
            left: `${box.left + LEFT}px`,
            top: `${box.top + TOP}px`,
            width: `${box.width}px`,
            height: `${box.height}px`,
          }}
        />
      )}
      {over && !drag && (
        <Tip trace={over} x={placed(over, frame).x + LEFT} y={placed(over, frame).y + TOP} width={width} />
      )}
    </div>
  );
}

function Tip({ trace, x, y, width }: { trace: TraceSummary; x: number; y: number; width: number }) {
  const side = x > width / 2 ? { right: `${width - x + 12}px` } : { left: `${x + 12}px` };
  return (
    <div class="scatter-tip small" style={{ ...side, top: `${Math.min(y, HEIGHT - 48)}px` }}>
      <b class="cut">{trace.message}</b>
      <span class="number">
        {duration(trace.duration)} · {clock(trace.start)}
        {trace.errors > 0 && <span class="level-error"> ✕ {trace.errors}</span>}
      </span>
    </div>
  );
}
