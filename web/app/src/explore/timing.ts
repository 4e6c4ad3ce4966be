/** Whether the range of the bar applies to a query, or the query has a condition on the time of its own. */
import { meaningful, named, type Token, word } from "./tokens";

const TIMES = new Set([
  "start_timestamp",
  "recorded_timestamp",
  "end_timestamp",
  "created_at",
  "day",
  "timestamp",
  "timeunix",
]);
const COMPARES = new Set(["<", ">", "<=", ">=", "=", "<>", "!="]);
const CONDITIONS = new Set(["WHERE", "PREWHERE", "HAVING", "ON", "QUALIFY"]);
const CLAUSES = new Set(["SELECT", "FROM", "GROUP", "ORDER", "LIMIT", "WINDOW", "UNION", "JOIN", ...CONDITIONS]);

/** The column that the query compares in a condition; undefined where the bar's range applies. Naming it elsewhere restricts nothing. */
export function ownTime(sql: string): string | undefined {
  const all = meaningful(sql);
  // Of each bracket that is open: whether a condition stands in it that chooses rows.
  const open: { choosing: boolean; filter: boolean }[] = [{ choosing: false, filter: false }];
  for (const [index, token] of all.entries()) {
    const inner = open.at(-1) ?? { choosing: false, filter: false };
    const said = word(token);
    if (token.text === "(")
      open.push({ choosing: inner.choosing, filter: inner.filter || word(all[index - 1]) === "FILTER" });
    else if (token.text === ")" && open.length > 1) open.pop();
    else if (CLAUSES.has(said)) inner.choosing = CONDITIONS.has(said);
    else if (inner.choosing && !inner.filter && isTime(token) && isCompared(all, index)) return named(token);
  }
  return undefined;
}

function isTime(token: Token): boolean {
  return (token.kind === "name" || token.kind === "quoted") && TIMES.has(named(token).toLowerCase());
}

function isCompared(all: Token[], index: number): boolean {
  let after = index + 1;
  while (all[after]?.text === ")") after += 1;
  let next = all[after];
  if (word(next) === "NOT") next = all[after + 1];
  if (next && (COMPARES.has(next.text) || word(next) === "BETWEEN" || word(next) === "IN")) return true;
  let before = index - 1;
  while (all[before]?.text === "." || all[before]?.text === "(" || (all[before + 1]?.text === "." && before >= 0))
    before -= 1;
  return COMPARES.has(all[before]?.text ?? "");
}
