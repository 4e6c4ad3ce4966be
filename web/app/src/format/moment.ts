/** Moments for people: the reader's own time or UTC, as they prefer; relative where it is recent. */
import { preferences } from "../state/preferences";

function parts(iso: string | number): { date: string; time: string; millis: string } {
  const at = new Date(iso);
  const utc = preferences.value.zone === "utc";
  const two = (value: number) => String(value).padStart(2, "0");
  const year = utc ? at.getUTCFullYear() : at.getFullYear();
  const month = two((utc ? at.getUTCMonth() : at.getMonth()) + 1);
  const day = two(utc ? at.getUTCDate() : at.getDate());
  const hour = two(utc ? at.getUTCHours() : at.getHours());
  const minute = two(utc ? at.getUTCMinutes() : at.getMinutes());
  const second = two(at.getUTCSeconds());
  return {
    date: `${year}-${month}-${day}`,
    time: `${hour}:${minute}:${second}`,
    millis: String(at.getUTCMilliseconds()).padStart(3, "0"),
  };
}

/** `12:04:31.204`. */
export function clock(iso: string | number): string {
  const { time, millis } = parts(iso);
  return `${time}.${millis}`;
}

/** `12:04`. */
export function hourMinute(iso: string | number): string {
  return parts(iso).time.slice(0, 5);
}

/** `2026-11-21 12:04:31`. */
export function moment(iso: string | number): string {
  const { date, time } = parts(iso);
  return `${date} ${time}`;
}

/** Everything that is known, and the zone: for titles. */
export function exactMoment(iso: string): string {
  const fraction = /\.(\d+)/.exec(iso)?.[1] ?? "";
  const { date, time } = parts(iso);
  return `${date} ${time}${fraction ? `.${fraction}` : ""} ${preferences.value.zone === "utc" ? "UTC" : zoneName()}`;
}

export function zoneName(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "local";
}

/** `12 s ago`; older than a day is a date. */
export function ago(iso: string | number, now: number = Date.now()): string {
  const seconds = Math.round((now - new Date(iso).getTime()) / 1000);
  if (seconds < 1) return "now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return parts(iso).date;
}

/** A moment in nanoseconds since the epoch; ISO text holds more than Date does. */
export function nanoseconds(iso: string): bigint {
  const [, whole = iso, fraction = ""] = /^(.*?\d\d:\d\d:\d\d)(?:\.(\d+))?/.exec(iso) ?? [];
  const zone = /([zZ]|[+-]\d\d:?\d\d)$/.exec(iso)?.[1] ?? "Z";
  return BigInt(Date.parse(`${whole}${zone}`)) * 1_000_000n + BigInt(fraction.padEnd(9, "0").slice(0, 9));
}
