/** A service has a colour of its own, the same on every page: one of ten hues that colour-blind eyes tell apart.
 *  Its name's hash says which; where that one is taken, the hue that the fewest have. What was given out stays with this browser. */

const HUES = 10;
const KEY = "andiron.hues";
/** A browser that has seen more names than this forgets the oldest. */
const MOST = 300;

export type Given = Map<string, number>;

/** The hue that a name's hash asks for. */
export function hashed(name: string): number {
  let hash = 2166136261;
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619);
  return ((hash ^ (hash >>> 15)) >>> 0) % HUES;
}

/** The hue for a name beside those that are given out: its own if it has one, the hash's if nobody has it, else the least used after it. */
export function fitting(name: string, given: Given): number {
  const own = given.get(name);
  if (own !== undefined) return own;
  const uses = new Array<number>(HUES).fill(0);
  for (const taken of given.values()) uses[taken] = (uses[taken] ?? 0) + 1;
  const first = hashed(name);
  let best = first;
  for (let step = 1; step < HUES; step += 1) {
    const each = (first + step) % HUES;
    if ((uses[each] ?? 0) < (uses[best] ?? 0)) best = each;
  }
  return best;
}

/** What was kept, as far as it can be read: `[["api", 3], …]`, the oldest first. */
export function readGiven(text: string | null): Given {
  try {
    const kept: unknown = JSON.parse(text ?? "[]");
    const pairs = Array.isArray(kept) ? kept : [];
    return new Map(
      pairs.filter(
        (pair): pair is [string, number] =>
          Array.isArray(pair) &&
          typeof pair[0] === "string" &&
          Number.isInteger(pair[1]) &&
          pair[1] >= 0 &&
          pair[1] < HUES,
      ),
    );
  } catch {
    return new Map();
  }
}

let given: Given | undefined;
let saving = false;

export function hue(name: string): string {
  given ??= readGiven(stored());
  let index = given.get(name);
  if (index === undefined) {
    index = fitting(name, given);
    given.set(name, index);
    if (!saving) {
      saving = true;
      queueMicrotask(save);
    }
  }
  return `var(--hue-${index})`;
}

function save(): void {
  saving = false;
  // Another tab may have met names of its own meanwhile; what this one shows stays as it is.
  const all = [...new Map([...readGiven(stored()), ...(given ?? [])])].slice(-MOST);
  try {
    localStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // Private windows may keep nothing; the colours then last as long as the page.
  }
}

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
