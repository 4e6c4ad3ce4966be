/** A service has a colour of its own, the same on every page: its name hashed into ten hues that colour-blind eyes tell apart. */

export function hue(name: string): string {
  let hash = 2166136261;
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619);
  return `var(--hue-${((hash ^ (hash >>> 15)) >>> 0) % 10})`;
}
