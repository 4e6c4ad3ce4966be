/** Records over time, stacked by level. Dragging chooses a part of the time; so do the arrow keys with Shift, and Enter. */
import { useRef, useState } from "preact/hooks";
import type { HistogramAnswer } from "../api/types";
import { LEVELS } from "../format/level";
import { hourMinute, moment } from "../format/moment";
import { exact } from "../format/number";
import { chooseBetween } from "../state/range";
import { bars, sums } from "./bars";
import "./histogram.css";

const HEIGHT = 56;
/** A hand that clicks moves a little, too. */
const STILL = 4;

interface Brush {
  /** Buckets, both included, in whatever order. */
  from: number;
  to: number;
}

export function Histogram({ data, waiting }: { data: HistogramAnswer | undefined; waiting: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  const pressed = useRef<number | undefined>(undefined);
  const [brush, setBrush] = useState<Brush | undefined>(undefined);
  const [at, setAt] = useState<number | undefined>(undefined);
  const levels = LEVELS.filter((level) => data?.levels[level]);
  const totals = sums(data?.levels ?? {});
  const buckets = totals.length;
  const most = Math.max(1, ...totals);
  const begin = data ? Date.parse(data.start) : 0;
  const step = (data?.step ?? 1) * 1000;

  function bucket(event: PointerEvent): number {
    const box = place.current?.getBoundingClientRect();
    if (!box?.width) return 0;
    return clamp(Math.floor(((event.clientX - box.left) / box.width) * buckets));
  }
  function clamp(index: number): number {
    return Math.min(buckets - 1, Math.max(0, index));
  }
  function zoom({ from, to }: Brush) {
    setBrush(undefined);
    chooseBetween(begin + Math.min(from, to) * step, begin + (Math.max(from, to) + 1) * step);
  }
  function down(event: PointerEvent) {
    if (!buckets || event.button !== 0) return;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    pressed.current = event.clientX;
    setBrush(undefined);
  }
  function move(event: PointerEvent) {
    if (!buckets) return;
    const now = bucket(event);
    setAt(now);
    if (pressed.current === undefined) return;
    if (brush) setBrush({ ...brush, to: now });
    else if (Math.abs(event.clientX - pressed.current) > STILL) setBrush({ from: now, to: now });
  }
  function up() {
    pressed.current = undefined;
    if (brush) zoom(brush);
  }
  function keyed(event: KeyboardEvent) {
    if (!buckets) return;
    const now = at ?? buckets - 1;
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const next = clamp(now + (event.key === "ArrowLeft" ? -1 : 1));
      setAt(next);
      setBrush(event.shiftKey ? { from: brush?.from ?? now, to: next } : undefined);
    } else if (event.key === "Enter") zoom(brush ?? { from: now, to: now });
    else if (event.key === "Escape" && brush) setBrush(undefined);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  const told = at !== undefined && at < buckets ? at : undefined;
  const first = brush ? Math.min(brush.from, brush.to) : 0;
  const last = brush ? Math.max(brush.from, brush.to) : 0;
  return (
    <div class={waiting ? "histogram waiting" : "histogram"}>
      <div
        ref={place}
        class="histogram-place"
        style={{ height: `${HEIGHT}px` }}
        role="application"
        aria-label={`Records over time by level${told === undefined ? "" : `: ${words(told)}`}. Arrow keys move, with Shift they choose, Enter zooms in.`}
        tabIndex={0}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        onPointerCancel={() => {
          pressed.current = undefined;
          setBrush(undefined);
        }}
        onPointerLeave={() => pressed.current === undefined && setAt(undefined)}
        onBlur={() => setAt(undefined)}
        onKeyDown={keyed}
      >
        <svg
          width="100%"
          height={HEIGHT}
          viewBox={`0 0 ${Math.max(1, buckets)} ${HEIGHT}`}
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          {data &&
            levels.map((level) => (
              <path key={level} d={bars(data.levels, level, most, HEIGHT)} fill={`var(--fill-${level})`} />
            ))}
        </svg>
        {told !== undefined && <div class="histogram-at" style={{ left: `${((told + 0.5) / buckets) * 100}%` }} />}
        {brush && (
          <div
            class="histogram-brush"
            style={{ left: `${(first / buckets) * 100}%`, width: `${((last - first + 1) / buckets) * 100}%` }}
          />
        )}
      </div>
      <div class="histogram-axis small quiet-text" aria-hidden="true">
        {told === undefined ? (
          <>
            <span>{buckets ? label(begin) : ""}</span>
            <span>{buckets ? label(begin + (buckets * step) / 2) : ""}</span>
            <span>{buckets ? label(begin + buckets * step) : ""}</span>
          </>
        ) : (
          <span class="histogram-told">
            {brush ? `${label(begin + first * step)} – ${label(begin + (last + 1) * step)}` : words(told)}
          </span>
        )}
      </div>
    </div>
  );

  function label(ms: number): string {
    if (buckets * step > 36 * 3_600_000) return moment(ms).slice(5, 16);
    return buckets * step > 600_000 && !brush ? hourMinute(ms) : moment(ms).slice(11);
  }
  function words(index: number): string {
    const parts = levels
      .map((level) => ({ level, n: data?.levels[level]?.[index] ?? 0 }))
      .filter(({ n }) => n)
      .map(({ level, n }) => `${exact(n)} ${level}`);
    return `${moment(begin + index * step)} · ${parts.join(", ") || "nothing"}`;
  }
}
