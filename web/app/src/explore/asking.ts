/** The question that goes to the server: the SQL, the range where the query has no time of its own, the limit, the reader's zone. */
import { me } from "../api/me";
import { moment, zoneName } from "../format/moment";
import { preferences } from "../state/preferences";
import { bounds, range, rangeWords } from "../state/range";
import type { Question } from "./result";
import { ownTime } from "./timing";

export const LIMIT = 10_000;

export function zone(): string {
  return preferences.value.zone === "utc" ? "UTC" : zoneName();
}

export function questionOf(sql: string, now: number = Date.now()): Question {
  const { since, until } = ownTime(sql) ? { since: null, until: null } : bounds(range.value, now);
  return {
    sql,
    ...(since ? { min_timestamp: since } : {}),
    ...(until ? { max_timestamp: until } : {}),
    limit: me.value?.limits.query_rows ?? LIMIT,
    timezone: zone(),
  };
}

/** Which time applies, in words. */
export function timeWords(sql: string): string {
  const own = ownTime(sql);
  if (own) return `The query's own condition on ${own} applies`;
  const words = rangeWords(range.value, moment);
  return `${words.replace(/^Last/, "The last")} ${range.value.kind === "absolute" ? "applies" : /s$/.test(words) ? "apply" : "applies"}`;
}
