/** Which buckets of an answer lie wholly within what was asked: those at the ends hold less, and a curve would fall there for no reason. */

/** From and to, as `slice` takes them; all of them where too few would be left. `since` and `until` in milliseconds. */
export function wholeBuckets(
  { start, step }: { start: string; step: number },
  count: number,
  since: number,
  until: number,
): [number, number] {
  const begin = Date.parse(start);
  const from = begin < since ? 1 : 0;
  let to = count;
  while (to > from && begin + to * step * 1000 > until) to -= 1;
  return to - from >= 2 ? [from, to] : [0, count];
}
