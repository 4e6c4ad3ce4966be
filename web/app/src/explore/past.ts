/** The queries that were run in this browser: when, how they ended. At most two hundred, the latest first. */
import { signal } from "@preact/signals";

export interface Past {
  sql: string;
  at: string;
  outcome: "ok" | "failed" | "cancelled";
  /** Rows, or what was wrong. */
  rows?: number;
  detail?: string;
  took: number;
}

const KEY = "andiron.explore.history";
export const MOST = 200;

export const past = signal<Past[]>(read());

function read(): Past[] {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]") as unknown;
    return Array.isArray(kept) ? (kept as Past[]).filter((each) => typeof each?.sql === "string") : [];
  } catch {
    return [];
  }
}

/** With one more. The same query run again takes the place of the earlier one. */
export function added(list: Past[], one: Past): Past[] {
  return [one, ...list.filter((each) => each.sql !== one.sql)].slice(0, MOST);
}

export function remember(one: Past): void {
  keep(added(read(), one));
}

export function forget(): void {
  keep([]);
}

function keep(list: Past[]): void {
  past.value = list;
  try {
    localStorage.setItem(KEY, JSON.stringify(list));
  } catch {
    // Kept as long as the page is open.
  }
}

export function found(list: Past[], words: string): Past[] {
  const all = words.toLowerCase().split(/\s+/).filter(Boolean);
  return list.filter((each) => all.every((part) => each.sql.toLowerCase().includes(part)));
}
