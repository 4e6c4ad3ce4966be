/** The offers for a text and its caret: keys are fetched once in a while, values as one types, each question cut short by the next. */
import { useEffect, useState } from "preact/hooks";
import { ask, endpoint, project } from "../api/client";
import type { KeyHint, ValueHint } from "../api/types";
import { preferences } from "../state/preferences";
import { bounds, range } from "../state/range";
import { contextOf } from "./context";
import { type Offer, offersOf, type Place, pastOffers, placeOffers, valuesWanted } from "./offers";

/** Long enough not to ask at every letter of a fast hand. */
const PAUSE = 120;
/** A word so long may be somebody's name; a shorter one is the beginning of a key. */
const WORD = 3;

export function useOffers(text: string, caret: number, open: boolean): Offer[] {
  const [offers, setOffers] = useState<Offer[]>([]);
  useEffect(() => {
    if (!open) {
      setOffers([]);
      return;
    }
    const context = contextOf(text, caret);
    const past = caret === text.length ? pastOffers(text, preferences.value.history) : [];
    if (context.at === "nothing") {
      setOffers(past);
      return;
    }
    const abort = new AbortController();
    const timer = setTimeout(
      async () => {
        try {
          setOffers([...past, ...(await found(context, abort.signal))]);
        } catch {
          // Without offers one can still type.
          if (!abort.signal.aborted) setOffers(past);
        }
      },
      text ? PAUSE : 0,
    );
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text, caret, open, project.value]);
  return offers;
}

/** Without them the keys are still offered. */
async function attributesWith(
  value: string,
  within: { since: string; until: string | null },
  abort: AbortSignal,
): Promise<Place[]> {
  try {
    const url = endpoint("pages/api/attributes", { value, ...within });
    return (await ask<{ attributes: Place[] }>(url, { abort })).attributes;
  } catch (error) {
    if (abort.aborted) throw error;
    return [];
  }
}

async function found(context: ReturnType<typeof contextOf>, abort: AbortSignal): Promise<Offer[]> {
  const { since, until } = bounds(range.value);
  const within = { since, until };
  if (context.at === "key") {
    const url = endpoint("pages/api/keys", { prefix: context.prefix, ...within });
    const asked = ask<{ keys: KeyHint[] }>(url, { abort });
    const places = context.prefix.length < WORD ? [] : await attributesWith(context.prefix, within, abort);
    return [...placeOffers(context, places), ...offersOf(context, (await asked).keys, [])];
  }
  const wanted = valuesWanted(context);
  if (!wanted) return offersOf(context, [], []);
  const url = endpoint("pages/api/values", { ...wanted, ...within });
  return offersOf(context, [], (await ask<{ values: ValueHint[] }>(url, { abort })).values);
}
