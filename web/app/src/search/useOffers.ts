/** The offers for a text and its caret: keys are fetched once in a while, values as one types, each question cut short by the next. */
import { useEffect, useState } from "preact/hooks";
import { ask, endpoint, project } from "../api/client";
import type { KeyHint, ValueHint } from "../api/types";
import { preferences } from "../state/preferences";
import { bounds, range } from "../state/range";
import { contextOf } from "./context";
import { type Offer, offersOf, pastOffers, valuesWanted } from "./offers";

/** Long enough not to ask at every letter of a fast hand. */
const PAUSE = 120;

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

async function found(context: ReturnType<typeof contextOf>, abort: AbortSignal): Promise<Offer[]> {
  const { since, until } = bounds(range.value);
  const within = { since, until };
  if (context.at === "key") {
    const url = endpoint("pages/api/keys", { prefix: context.prefix, ...within });
    return offersOf(context, (await ask<{ keys: KeyHint[] }>(url, { abort })).keys, []);
  }
  const wanted = valuesWanted(context);
  if (!wanted) return offersOf(context, [], []);
  const url = endpoint("pages/api/values", { ...wanted, ...within });
  return offersOf(context, [], (await ask<{ values: ValueHint[] }>(url, { abort })).values);
}
