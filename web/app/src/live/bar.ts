/** How long the bar of a duration is: a logarithmic scale, from 100 µs to 100 s. */

const LEAST = -4;
const DECADES = 6;

/** A share of the whole length, never so small that nothing is seen. */
export function barShare(seconds: number): number {
  if (seconds <= 0) return 0.02;
  return Math.min(1, Math.max(0.02, (Math.log10(seconds) - LEAST) / DECADES));
}
