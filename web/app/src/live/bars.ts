/** The bars of the histogram as paths: one a level, whose rectangles stand on those of the levels before it. */
import type { HistogramAnswer, LevelName } from "../api/types";
import { LEVELS } from "../format/level";

type Levels = HistogramAnswer["levels"];

/** A single error among thousands must still be seen. */
const LEAST = 2;
/** Of the width of a bucket. */
const GAP = 0.06;

/** All records of each bucket. */
export function sums(levels: Levels): number[] {
  const all = LEVELS.flatMap((level) => levels[level] ?? []);
  const buckets = Math.max(0, ...LEVELS.map((level) => levels[level]?.length ?? 0));
  const found = new Array<number>(buckets).fill(0);
  all.forEach((n, index) => {
    found[index % buckets] = (found[index % buckets] ?? 0) + n;
  });
  return found;
}

/** The rectangles of `level`, in a box as wide as there are buckets and `height` high, where `most` reaches the top. */
export function bars(levels: Levels, level: LevelName, most: number, height: number): string {
  const own = levels[level] ?? [];
  const below = LEVELS.slice(0, LEVELS.indexOf(level));
  let path = "";
  own.forEach((n, index) => {
    if (!n) return;
    const under = below.reduce((sum, each) => sum + (levels[each]?.[index] ?? 0), 0);
    const top = Math.max(0, height - ((under + n) / most) * height);
    const size = Math.max(LEAST, (n / most) * height);
    const start = Math.min(top, height - size);
    path += `M${index + GAP} ${start.toFixed(2)}h${1 - 2 * GAP}v${size.toFixed(2)}h-${1 - 2 * GAP}z`;
  });
  return path;
}
