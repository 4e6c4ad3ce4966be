/** Durations for people: `840 µs`, `12.4 ms`, `1.24 s`, `2 min 5 s`; and back. */

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return "";
  const sign = seconds < 0 ? "−" : "";
  const s = Math.abs(seconds);
  if (s === 0) return "0 s";
  if (s < 999.5e-9) return `${sign}${three(s * 1e9)} ns`;
  if (s < 999.5e-6) return `${sign}${three(s * 1e6)} µs`;
  if (s < 0.9995) return `${sign}${three(s * 1e3)} ms`;
  if (s < 59.95) return `${sign}${three(s)} s`;
  const whole = Math.round(s);
  if (whole < 3600) return `${sign}${two(Math.floor(whole / 60), "min", whole % 60, "s")}`;
  if (whole < 86_400) return `${sign}${two(Math.floor(whole / 3600), "h", Math.round((whole % 3600) / 60), "min")}`;
  return `${sign}${two(Math.floor(whole / 86_400), "d", Math.round((whole % 86_400) / 3600), "h")}`;
}

/** Three figures that count, and no zeros at the end that say nothing. */
function three(value: number): string {
  const places = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return String(Number(value.toFixed(places)));
}

function two(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small ? `${big} ${bigUnit} ${small} ${smallUnit}` : `${big} ${bigUnit}`;
}

/** The exact value, for hovering and copying. */
export function exactDuration(seconds: number): string {
  return `${Number(seconds.toPrecision(12))} s`;
}

const UNITS: Record<string, number> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  min: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
};

/** `90s`, `1h30m`, `1.5 d` in seconds; undefined for what is none. */
export function durationOf(text: string): number | undefined {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|min|[smhdw])\s*/g)];
  if (!parts.length || parts.map((part) => part[0]).join("") !== text.trim()) return undefined;
  return parts.reduce((sum, part) => sum + Number(part[1]) * (UNITS[part[2] ?? ""] ?? 0), 0);
}
