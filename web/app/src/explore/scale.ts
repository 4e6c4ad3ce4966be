/** How much of the room a value takes, from 0 to 1. */

const DECADES = 6;

/** On a logarithmic scale the room is six powers of ten below the greatest. */
export function share(value: number, top: number, log: boolean): number {
  if (!(value > 0) || !(top > 0)) return 0;
  if (!log) return Math.min(1, value / top);
  return Math.max(0.01, Math.min(1, 1 + Math.log10(value / top) / DECADES));
}
