/** What can be typed next at the caret, from the keys and values that the server knows; and what the text becomes when it is taken. */
import type { KeyHint, ValueHint } from "../api/types";
import { exact } from "../format/number";
import type { Context } from "./context";
import { valued } from "./terms";

export interface Offer {
  kind: "key" | "operator" | "value" | "past";
  show: string;
  detail: string;
  insert: string;
  start: number;
  end: number;
  /** Nothing more belongs to it: a space follows. */
  complete: boolean;
}

const ORDERED = new Set(["number", "time"]);
const OPERATORS: { sign: string; words: string; ordered?: boolean }[] = [
  { sign: ":", words: "is; several with commas, * stands for anything" },
  { sign: ">", words: "is more than", ordered: true },
  { sign: ">=", words: "is at least", ordered: true },
  { sign: "<", words: "is less than", ordered: true },
  { sign: "<=", words: "is at most", ordered: true },
  { sign: "!=", words: "is not" },
  { sign: ":*", words: "is there at all" },
];
/** Values of what cannot be listed, for the idea. */
const IDEAS: Record<string, string[]> = {
  duration: ["10ms", "100ms", "1s", "10s", "100ms..1s"],
};
const SHOWN = 12;

/** Which values have to be asked for, if any. */
export function valuesWanted(context: Context): { key: string; prefix: string } | undefined {
  if (context.at !== "value" || IDEAS[context.key.toLowerCase()]) return undefined;
  return { key: context.key, prefix: context.prefix };
}

export function offersOf(context: Context, keys: KeyHint[], values: ValueHint[]): Offer[] {
  if (context.at === "nothing") return [];
  if (context.at === "value") return valueOffers(context, values);
  const { prefix, start, end } = context;
  const exactly = keys.find((key) => key.name.toLowerCase() === prefix.toLowerCase() && prefix !== "");
  const operators = exactly ? operatorOffers(exactly, start, end) : [];
  const names = keys
    .filter((key) => key !== exactly)
    .slice(0, SHOWN)
    .map<Offer>((key) => ({
      kind: "key",
      show: key.name,
      detail: key.hint || (key.kind === "column" ? key.type : `${key.kind}, ${key.type}`),
      insert: ORDERED.has(key.type) ? key.name : `${key.name}:`,
      start,
      end,
      complete: false,
    }));
  return [...operators, ...names];
}

/** An attribute that has the word as its value, so many times. */
export interface Place {
  key: string;
  count: number;
  more: boolean;
}

/** A word by itself may be the value of an attribute: a user's name, an order's number. */
export function placeOffers(context: Context, places: Place[]): Offer[] {
  if (context.at !== "key") return [];
  const { prefix, start, end } = context;
  return places.map(({ key, count, more }) => ({
    kind: "value",
    show: `${key}:${prefix}`,
    detail: `${exact(count)}${more ? "+" : ""}`,
    insert: `${key}:${valued(prefix)}`,
    start,
    end,
    complete: true,
  }));
}

function operatorOffers(key: KeyHint, start: number, end: number): Offer[] {
  const ordered = ORDERED.has(key.type) || key.name === "level";
  return OPERATORS.filter((each) => ordered || !each.ordered).map((each) => ({
    kind: "operator",
    show: `${key.name}${each.sign}`,
    detail: each.words,
    insert: `${key.name}${each.sign}`,
    start,
    end,
    complete: each.sign === ":*",
  }));
}

function valueOffers(context: Context & { at: "value" }, values: ValueHint[]): Offer[] {
  const { key, prefix, start, end } = context;
  const ideas = IDEAS[key.toLowerCase()]?.filter((idea) => idea.startsWith(prefix)) ?? [];
  const known = ideas.length ? ideas.map((value) => ({ value, count: null })) : values;
  return known.slice(0, SHOWN).map(({ value, count }) => {
    const text = String(value);
    return {
      kind: "value",
      show: text || "(empty)",
      detail: typeof count === "number" ? exact(count) : "",
      insert: ideas.length ? text : valued(text),
      start,
      end,
      complete: true,
    };
  });
}

/** Earlier searches, for an empty box or one that one of them begins like. */
export function pastOffers(text: string, past: string[]): Offer[] {
  const low = text.trim().toLowerCase();
  return past
    .filter((each) => each.toLowerCase() !== low && each.toLowerCase().startsWith(low))
    .slice(0, low ? 3 : 8)
    .map((each) => ({
      kind: "past",
      show: each,
      detail: "searched before",
      insert: each,
      start: 0,
      end: text.length,
      complete: false,
    }));
}

/** The text with the offer taken, and where the caret is then. */
export function taken(text: string, offer: Offer): { text: string; caret: number } {
  const after = text.slice(offer.end);
  const gap = offer.complete && !/^[\s,)]/.test(after) ? " " : "";
  const before = text.slice(0, offer.start) + offer.insert + gap;
  // Behind a comma or a parenthesis nothing is needed; behind an existing space the caret goes.
  const caret = before.length + (offer.complete && !gap && /^\s/.test(after) ? 1 : 0);
  return { text: before + after, caret };
}

/** The searches of before, the latest first, each once. */
export function remembered(past: string[], q: string): string[] {
  return q ? [q, ...past.filter((each) => each !== q)].slice(0, 20) : past;
}
